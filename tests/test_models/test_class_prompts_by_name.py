"""Prompts of the literature, matched with classes by name."""
import pytest
from mmdet.datasets import CocoPanopticDataset

from dearli_mm.models.clip.class_prompts import match_prompts, parse_classes

LINES = [['wall', 'side of a building'], ['floor-wood', 'parquet'],
         ['Door', 'entrance'], ['screen', 'silver screen'],
         ['screen', 'CRT screen'], ['playing field'], ['cabinet', 'wardrobe'],
         ['wall-brick', 'brick wall']]


def first_words(names, lines=LINES):
    return [line[-1] for line in match_prompts(lines, names)]


def test_classes_in_another_order():
    assert first_words(['wall-brick', 'wall-other-merged', 'door-stuff',
                        'wood floor', 'playingfield', 'wardrobe']) == [
        'brick wall', 'side of a building', 'entrance', 'parquet',
        'playing field', 'wardrobe']


def test_lines_of_other_classes_are_left_out():
    # One of two screens is a CRT screen, so the other is the screen.
    assert first_words(['screen', 'crt screen']) == ['silver screen',
                                                     'CRT screen']


def test_all_that_does_not_fit_is_told():
    with pytest.raises(ValueError) as error:
        match_prompts(LINES, ['dor', 'screen', 'cabinet', 'wardrobe', 'sky'],
                      'file.txt')
    for text in ("file.txt does not fit the 5 classes", "'dor' has no line",
                 "near are ['door'", "'screen' may be ['screen', 'screen']",
                 "line of 'cabinet' would be 2 classes", "'sky' has no line"):
        assert text in str(error.value)


def test_names_of_coco_in_its_own_order(tmp_path):
    names = CocoPanopticDataset.METAINFO['classes']
    order = sorted(range(len(names)), key=lambda k: names[k][::-1])
    path = tmp_path / 'prompts.txt'
    path.write_text('0:invalid_class_id\n' + ''.join(
        f'{n}:{names[k].replace("-merged", "").replace("-", " ")},x{k}\n'
        for n, k in enumerate(order, 1)), 'utf-8-sig')
    parsed = parse_classes(dict(classes=names, prompts=str(path)))
    assert [line[1] for line in parsed] == [f'x{k}' for k in range(133)]
