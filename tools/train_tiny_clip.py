"""Trains the embedded tiny CLIP on region captions of the toy world."""
import argparse

from dearli_mm.apis.tiny_clip import MODEL_NAME, train_tiny_clip
from dearli_mm.models.clip.loading import ASSETS


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--steps', type=int, default=3200)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--out', default=str(ASSETS / f'{MODEL_NAME}.safetensors'),
        help='file to write; the packaged one by default')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    train_tiny_clip(args.out, steps=args.steps, seed=args.seed)


if __name__ == '__main__':
    main()
