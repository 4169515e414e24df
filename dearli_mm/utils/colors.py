"""Colours of classes."""
import numpy as np

FIRST_COLOR = (34, 136, 238)


def palette(num_classes: int) -> np.ndarray:
    """Colours that are as far apart as can be.

    Greedy choice of the colour with the greatest distance, in the
    perceptually uniform Oklab space, from all chosen before; deterministic,
    and a shorter palette is the beginning of a longer one.

    Args:
        num_classes (int): Number of classes C.

    Returns:
        np.ndarray: uint8 ``[C, 3]``, RGB.
    """
    levels = np.arange(0, 256, 17)
    rgb = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(-1, 3)
    lab = _oklab(rgb)
    # Near-black, near-white and grey would not stand out from a photograph,
    # and neon colours would drown it.
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    usable = (lab[:, 0] > 0.45) & (lab[:, 0] < 0.9) & \
        (chroma > 0.06) & (chroma < 0.21)
    rgb, lab = rgb[usable], lab[usable]
    # Lightness tells overlaid colours apart less well than hue.
    lab = lab * (0.6, 1, 1)
    chosen = [int(np.argmin(np.abs(rgb - FIRST_COLOR).sum(axis=1)))]
    distance = np.full(len(rgb), np.inf)
    while len(chosen) < num_classes:
        step = np.square(lab - lab[chosen[-1]]).sum(axis=1)
        distance = np.minimum(distance, step)
        chosen.append(int(distance.argmax()))
    return rgb[chosen[:num_classes]].astype(np.uint8)


def _oklab(rgb: np.ndarray) -> np.ndarray:
    """sRGB 0..255 [N, 3] to Oklab [N, 3] (Ottosson 2020)."""
    linear = (rgb / 255)**2.2
    cones = np.cbrt(linear @ np.array([[0.4122, 0.2119, 0.0883],
                                       [0.5363, 0.6807, 0.2817],
                                       [0.0514, 0.1074, 0.6300]]))
    return cones @ np.array([[0.2105, 1.9780, 0.0259],
                             [0.7936, -2.4286, 0.7828],
                             [-0.0041, 0.4506, -0.8087]])
