"""Time our SAM masks beside segment-anything's generator: same masks, a
small SAM with random weights, thresholds that a realistic share passes."""
import argparse

import mmcv

from dearli_mm.masks.benchmark import (compare, quantile_thresholds,
                                                small_random_sam)
from dearli_mm.datasets.splits import list_images


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('images', help='folder or list file')
    parser.add_argument('--count', type=int, default=2, help='images to take')
    parser.add_argument('--image-size', type=int, default=1024,
                        help="side of the network's input (default: SAM's)")
    parser.add_argument('--points-per-side', type=int, default=32)
    parser.add_argument('--points-per-batch', type=int, default=64)
    parser.add_argument('--box-nms-thresh', type=float, default=0.7)
    parser.add_argument(
        '--passing', type=float, default=0.5,
        help='share that passes each of the two thresholds (default: 0.5)')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    images = [
        mmcv.imread(str(path), channel_order='rgb')
        for path in list_images(args.images)[:args.count]
    ]
    model = small_random_sam(args.image_size)
    options = dict(
        points_per_side=args.points_per_side,
        points_per_batch=args.points_per_batch,
        box_nms_thresh=args.box_nms_thresh)
    options.update(
        quantile_thresholds(model, images[0], args.passing,
                            points_per_side=8))
    print('thresholds', {k: round(v, 4) for k, v in options.items()})
    table, agreement = compare(model, images, **options)
    print(table)
    for image, result in zip(images, agreement):
        print(f'{image.shape[1]} x {image.shape[0]}: {result["theirs"]} masks '
              f'of segment-anything, {result["ours"]} of ours, worst IoU '
              f'{result["iou"]:.6f}')


if __name__ == '__main__':
    main()
