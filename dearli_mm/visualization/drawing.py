"""Pictures of panoptic segmentations, as pure functions on RGB arrays."""
from typing import Optional, Sequence, Tuple

import numpy as np
from PIL import Image, ImageDraw

from .fonts import font_for

BACKGROUND = (255, 255, 255)
INK = (32, 32, 32)
GAP = 8
STRIPE = 6  # pixels, of what stands for void
NO_SEGMENT = 'no segment'
FONT_SIZE = 15
# Brightness of the first, second, ... instance of a class: towards white
# (positive) and black (negative) by turns, then over again.
INSTANCE_TINTS = np.array([0., 0.3, -0.25, 0.5, -0.4])


def draw_segments(image: np.ndarray,
                  segment_map: np.ndarray,
                  labels: Sequence[int],
                  palette: np.ndarray,
                  alpha: float = 0.55) -> np.ndarray:
    """Lay segments over an image.

    Instances of one class get lighter and darker shades of its colour; every
    segment has a boundary of one pixel; void keeps the image, hatched.

    Args:
        image (np.ndarray): uint8 RGB ``[H, W, 3]``.
        segment_map (np.ndarray): Integer ``[H, W]``, 0 is void, 1..n.
        labels (Sequence[int]): ``[n]`` class indices.
        palette (np.ndarray): uint8 ``[C, 3]``.
        alpha (float): Weight of the colours, 0..1. Defaults to 0.55.

    Returns:
        np.ndarray: uint8 RGB ``[H, W, 3]``.

    Raises:
        ValueError: If image and map differ in size.
    """
    if image.shape[:2] != segment_map.shape:
        raise ValueError(f'Image {list(image.shape[:2])} and segment map '
                         f'{list(segment_map.shape)} differ in size.')
    table = _segment_colors(np.asarray(labels, dtype=int), palette)
    overlay = image + alpha * (table[segment_map] - image)
    void = segment_map == 0
    overlay[void] = _hatched(image)[void]
    edge = _boundaries(segment_map)
    overlay[edge] = 0.25 * overlay[edge] + 0.75 * 255
    return np.rint(overlay).astype(np.uint8)


def enlarge(array: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
    """Resize for display: images smoothly, segment maps by nearest pixel.

    Args:
        array (np.ndarray): uint8 image ``[H, W, 3]`` or integer map
            ``[H, W]``.
        size (tuple[int, int]): Height and width, from :func:`panel_size`.

    Returns:
        np.ndarray: Same type, of the wanted size.
    """
    height, width = size
    if array.ndim == 3:
        picture = Image.fromarray(array)
        return np.asarray(picture.resize((width, height), Image.BICUBIC))
    rows = np.arange(height) * array.shape[0] // height
    columns = np.arange(width) * array.shape[1] // width
    return array[rows[:, None], columns]


def panel_size(height: int,
               width: int,
               min_width: int = 256,
               max_width: int = 640) -> Tuple[int, int]:
    """Size at which a picture is looked at.

    Args:
        height (int): Height of the image.
        width (int): Width of the image.
        min_width (int): Narrower images are enlarged by the smallest integer
            factor that reaches this. Defaults to 256.
        max_width (int): Wider images are shrunk to this. Defaults to 640.

    Returns:
        tuple[int, int]: Height and width.
    """
    if width > max_width:
        return max(1, round(height * max_width / width)), max_width
    factor = -(-min_width // width)
    return height * factor, width * factor


def legend(class_names: Sequence[str],
           palette: np.ndarray,
           width: int,
           font_size: int = FONT_SIZE,
           void: str = '') -> np.ndarray:
    """Colour chips with names, in as many lines as needed.

    Args:
        class_names (Sequence[str]): ``[C]``; of comma-separated synonyms the
            first is shown.
        palette (np.ndarray): uint8 ``[C, 3]``.
        width (int): Width of the result in pixels.
        font_size (int): Defaults to 15.
        void (str): Text of a hatched chip; without one there is none.

    Returns:
        np.ndarray: uint8 RGB ``[h, width, 3]``; h is 0 without classes.
    """
    font = font_for(class_names, font_size)
    line, chip = font_size + GAP, font_size - 2
    placed, x, y = [], GAP, 0
    texts = [str(name).split(',')[0].strip() for name in class_names]
    colors = [tuple(int(c) for c in color) for color in palette[:len(texts)]]
    if void:
        texts, colors = [*texts, void], [*colors, None]
    for text, color in zip(texts, colors):
        extent = chip + GAP // 2 + int(np.ceil(font.getlength(text)))
        if x > GAP and x + extent > width - GAP:
            x, y = GAP, y + line
        placed.append((x, y, text, color))
        x += extent + 2 * GAP
    canvas = Image.new('RGB', (width, y + line if placed else 0), BACKGROUND)
    draw = ImageDraw.Draw(canvas)
    for x, y, text, color in placed:
        top = y + (line - chip) // 2
        if color is None:
            grey = np.full((chip, chip, 3), 128, np.uint8)
            canvas.paste(Image.fromarray(np.uint8(_hatched(grey))), (x, top))
        draw.rectangle((x, top, x + chip, top + chip), fill=color, outline=INK)
        draw.text((x + chip + GAP // 2 + 2, y + line // 2), text, INK, font,
                  anchor='lm')
    return np.asarray(canvas)


def side_by_side(panels: Sequence[Tuple[str, np.ndarray]],
                 class_names: Sequence[str],
                 palette: np.ndarray,
                 scale: Optional[int] = None,
                 present: Optional[Sequence[int]] = None) -> np.ndarray:
    """Panels in a row, titles above, legend below.

    Args:
        panels (Sequence[tuple[str, np.ndarray]]): Titles and uint8 RGB images
            ``[H, W, 3]``, all of one size.
        class_names (Sequence[str]): ``[C]`` names.
        palette (np.ndarray): uint8 ``[C, 3]``.
        scale (int, optional): Factor for the panels. Defaults to None: see
            :func:`panel_size`.
        present (Sequence[int], optional): Classes that the legend lists, -1
            for void. Defaults to all classes.

    Returns:
        np.ndarray: uint8 RGB.

    Raises:
        ValueError: If the panels differ in size.
    """
    shapes = {image.shape for _, image in panels}
    if len(shapes) != 1:
        raise ValueError(f'Panels must be of one size, got {sorted(shapes)}.')
    height, width = shapes.pop()[:2]
    size = panel_size(height, width) if scale is None else \
        (height * scale, width * scale)
    # Large pictures are looked at shrunk; their text must survive that.
    font_size = max(FONT_SIZE, size[1] // 26)
    font = font_for([title for title, _ in panels], font_size)
    title_height = font_size + 2 * GAP
    total = GAP + len(panels) * (size[1] + GAP)
    canvas = Image.new('RGB', (total, title_height + size[0] + GAP),
                       BACKGROUND)
    draw = ImageDraw.Draw(canvas)
    for k, (title, image) in enumerate(panels):
        x = GAP + k * (size[1] + GAP)
        draw.text((x + size[1] // 2, title_height // 2), title, INK, font,
                  anchor='mm')
        canvas.paste(Image.fromarray(enlarge(image, size)), (x, title_height))
    shown = range(len(class_names)) if present is None else sorted(present)
    index = np.asarray([i for i in shown if i >= 0], dtype=int)
    names = legend([class_names[i] for i in index], palette[index], total,
                   font_size, NO_SEGMENT if -1 in shown else '')
    return np.concatenate([np.asarray(canvas), names])


def contact_sheet(images: Sequence[np.ndarray],
                  columns: int = 1,
                  gap: int = 2 * GAP) -> np.ndarray:
    """Pictures in a grid, row by row, each at the top left of its cell.

    Args:
        images (Sequence[np.ndarray]): At least one uint8 RGB image.
        columns (int): Defaults to 1.
        gap (int): Pixels between pictures. Defaults to 16.

    Returns:
        np.ndarray: uint8 RGB.
    """
    rows = [images[k:k + columns] for k in range(0, len(images), columns)]
    widths = [max(image.shape[1] for image in images[c::columns])
              for c in range(min(columns, len(images)))]
    heights = [max(image.shape[0] for image in row) for row in rows]
    sheet = np.full((sum(heights) + gap * (len(rows) - 1),
                     sum(widths) + gap * (len(widths) - 1), 3), 255, np.uint8)
    for r, row in enumerate(rows):
        top = sum(heights[:r]) + gap * r
        for c, image in enumerate(row):
            left = sum(widths[:c]) + gap * c
            sheet[top:top + image.shape[0],
                  left:left + image.shape[1]] = image
    return sheet


def _hatched(image: np.ndarray) -> np.ndarray:
    """The image, dimmed, under diagonal stripes; float [H, W, 3]."""
    rows, columns = np.ogrid[:image.shape[0], :image.shape[1]]
    is_stripe = (rows + columns) // STRIPE % 2 == 0
    return np.where(is_stripe[..., None], 0.6 * image + 64, 0.45 * image)


def _segment_colors(labels: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Colour of each segment after a row for void, float [n + 1, 3]."""
    colors = np.asarray(palette, dtype=float)[labels].reshape(-1, 3)
    # How many earlier segments have the same class.
    order = np.tril(labels[:, None] == labels, -1).sum(axis=1)
    tint = INSTANCE_TINTS[order % len(INSTANCE_TINTS)][:, None]
    colors += np.abs(tint) * (np.where(tint > 0, 255, 0) - colors)
    return np.concatenate([np.zeros((1, 3)), colors])


def _boundaries(segment_map: np.ndarray) -> np.ndarray:
    """Pixels whose right or lower neighbour is another segment, bool."""
    right = segment_map[:, :-1] != segment_map[:, 1:]
    lower = segment_map[:-1] != segment_map[1:]
    return np.pad(right, ((0, 0), (0, 1))) | np.pad(lower, ((0, 1), (0, 0)))
