"""A few photos, the first ones labelled with labelme."""
import json

import cv2
import numpy as np


def write_photos(folder, number, labeled):
    """A mug on a table; of the first ones labelme files are beside them."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for k in range(number):
        x = int(rng.integers(5, 60))
        image = np.full((64, 96, 3), (90, 140, 60), np.uint8)
        image[40:, :] = (60, 90, 150)
        image[30:50, x:x + 20] = (30, 30, 200)
        noise = rng.integers(-9, 9, image.shape)
        cv2.imwrite(str(folder / f'{k}.png'),
                    np.uint8(np.clip(image + noise, 0, 255)))
        corners = dict(table=(0, 0, 96, 64), mug=(x, 30, x + 20, 50))
        if k < labeled:
            (folder / f'{k}.json').write_text(json.dumps(dict(
                imagePath=f'{k}.png', imageHeight=64, imageWidth=96,
                shapes=[dict(label=label, shape_type='rectangle',
                             points=[[a, b], [c, d]], group_id=None)
                        for label, (a, b, c, d) in corners.items()])))
