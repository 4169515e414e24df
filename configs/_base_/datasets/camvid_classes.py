# CamVid's eleven classes; label 11 is void.
void_label = 11
classes = [
    'sky', 'building', 'pole', 'road', 'pavement', 'tree', 'sign', 'fence',
    'car', 'pedestrian', 'bicyclist'
]
num_classes = len(classes)
class_prompts = [
    'sky', 'building, house', 'pole, street light', 'road, street',
    'pavement, sidewalk', 'tree, bush', 'sign, traffic sign, traffic light',
    'fence, wall', 'car, van, truck', 'pedestrian, person',
    'bicyclist, cyclist, bicycle'
]
metainfo = dict(
    classes=classes,
    thing_classes=[],  # what PanopticMetric asks for: all is stuff
    stuff_classes=classes,
    palette=[(128, 128, 128), (128, 0, 0), (192, 192, 128), (128, 64, 128),
             (60, 40, 222), (128, 128, 0), (192, 128, 128), (64, 64, 128),
             (64, 0, 128), (64, 64, 0), (0, 128, 192)])
