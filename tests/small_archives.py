"""Cityscapes and Pascal VOC 2012 in small, laid out as their archives are."""
import numpy as np
from PIL import Image

from dearli_mm.datasets.panoptic_files import write_png

# Ego vehicle, road, a car, two more cars, a group of persons, a caravan with
# a number (not evaluated), sky.
CITY_IDS = np.uint16([[1, 7, 7, 26000], [26001, 26001, 24, 24],
                      [29000, 23, 23, 26000]])
# A dog (12), two cats (8) that touch, a cat's pixel of no object, a border,
# and a number on background.
VOC_CLASSES = np.uint8([[0, 12, 12, 255], [8, 8, 8, 8], [0, 0, 255, 12]])
VOC_OBJECTS = np.uint8([[0, 1, 1, 255], [2, 3, 3, 0], [0, 9, 255, 1]])


def make_cityscapes(root):
    """Two images of train, one of val that shows the sky."""
    for city in ('aachen', 'ulm'):
        add_cityscapes(root, 'train', city)
    add_cityscapes(root, 'val', 'munster', np.full((3, 4), 23, np.uint16))


def add_cityscapes(root, part, city, ids=CITY_IDS):
    """An image of a city; returns its instance ids."""
    stem = f'{part}/{city}/{city}_000000_000019'
    write_png(root / f'leftImg8bit/{stem}_leftImg8bit.png',
              np.zeros((*ids.shape, 3), np.uint8))
    path = root / f'gtFine/{stem}_gtFine_instanceIds.png'
    write_png(path, ids)
    for name in ('labelIds', 'color'):  # what lies beside it
        write_png(root / f'gtFine/{stem}_gtFine_{name}.png',
                  np.zeros(ids.shape, np.uint8))
    return path


def make_voc2012(root):
    """VOC's own archive: two images of train, one of val, two others."""
    for part, stems in dict(train=['2007_01', '2007_02'],
                            val=['2008_01']).items():
        path = root / f'ImageSets/Segmentation/{part}.txt'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('\n'.join(stems) + '\n')
        for stem in stems:
            write_palette(root / f'SegmentationClass/{stem}.png', VOC_CLASSES)
            write_palette(root / f'SegmentationObject/{stem}.png', VOC_OBJECTS)
    for stem in ('2007_01', '2007_02', '2008_01', '2009_01', '2010_no_label'):
        write_png(root / f'JPEGImages/{stem}.jpg',
                  np.zeros((3, 4, 3), np.uint8))


def add_sbd(root, folder='SegmentationClassAug'):
    """SBD's labels: of all images, those of train and val among them."""
    for stem in ('2007_01', '2008_01', '2009_01'):
        if not (root / f'{folder}/{stem}.png').exists():
            write_png(root / f'{folder}/{stem}.png', VOC_CLASSES)


def write_palette(path, values):
    """A PNG whose values are colours of a palette, as VOC's are."""
    image = Image.fromarray(values)
    image.putpalette(list(range(256)) * 3)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
