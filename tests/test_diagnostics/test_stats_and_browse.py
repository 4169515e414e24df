import json

import numpy as np
import pytest
from PIL import Image

from dearli_mm.diagnostics.browse import browse_dataset
from dearli_mm.diagnostics.stats import (dataset_stats, draw_stats,
                                                   stats_table)


def test_counts_of_the_labelled_part(world, tmp_path):
    root, config = world
    stats = dataset_stats(config)
    names = (root / 'splits/labeled_2.txt').read_text().split()
    content = json.loads((root / 'train/panoptic.json').read_text())
    category = {c['id']: c['name'] for c in content['categories']}
    segments = [
        [category[s['category_id']] for s in annotation['segments_info']]
        for image, annotation in zip(content['images'],
                                     content['annotations'])
        if image['file_name'] in names
    ]
    assert (stats.images, stats.total) == (2, 5)
    for entry in stats.classes.itertuples():
        assert entry.segments == sum(row.count(entry.Index)
                                     for row in segments)
        assert entry.images == sum(entry.Index in row for row in segments)
    assert stats.classes.area.sum() + 100 * stats.void_share == \
        pytest.approx(100)
    kinds = {c['name']: c['isthing'] for c in content['categories']}
    assert all((kind == 'thing') == kinds[name]
               for name, kind in stats.classes.kind.items())
    missing = sorted(set(stats.classes.index) - set(sum(segments, [])))
    first, *_, last = stats_table(stats).splitlines()
    assert first.startswith('2 labelled images of 5, ')
    assert last.startswith(f'without a labelled example ({len(missing)} of 13')
    assert sorted(last.split(': ')[1].split('; ')) == missing
    draw_stats(stats, str(tmp_path / 'sub' / 'stats.png'))
    assert Image.open(tmp_path / 'sub' / 'stats.png').size[0] > 500


def test_config_without_labels_is_an_error(tmp_path):
    config = tmp_path / 'config.py'
    config.write_text('train_dataloader = dict(dataset=dict(type="Any"))')
    with pytest.raises(ValueError, match='no labelled part'):
        dataset_stats(str(config))
    with pytest.raises(FileNotFoundError, match='gone.py'):
        dataset_stats(str(tmp_path / 'gone.py'))


def test_pictures_of_both_parts(world, tmp_path):
    paths = browse_dataset(world[1], str(tmp_path / 'out'), number=2)
    assert [path.name for path in paths] == ['browse_0.jpg', 'browse_1.jpg',
                                             'browse.jpg']
    sizes = [Image.open(path).size for path in paths]
    assert sizes[0][0] == sizes[1][0] == sizes[2][0] > 5 * 256
    # The same seed draws the same.
    again = browse_dataset(world[1], str(tmp_path / 'again'), number=2)
    for first, second in zip(paths, again):
        assert first.read_bytes() == second.read_bytes()
    picture = np.asarray(Image.open(paths[0])).astype(int)
    panel = picture[80:280, 4 * 264 + 8:5 * 264]
    assert (np.abs(panel - (255, 0, 255)).sum(-1) < 120).any()  # the box


def test_supervised_config(world, tmp_path):
    config = open(world[1]).read() + '''
train_dataloader = train_dataloader['labeled']
'''
    path = tmp_path / 'supervised.py'
    path.write_text(config)
    paths = browse_dataset(str(path), str(tmp_path / 'out'), number=1)
    assert Image.open(paths[0]).size[0] < 3 * 264
    assert dataset_stats(str(path)).images == 2
