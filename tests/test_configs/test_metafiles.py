"""The metafiles list the zoo, and tell claims from measurements."""
import pytest
import yaml
from config_names import FAMILIES, ROOT, spec_of, zoo

CLAIMS = {  # of the paper; nothing of the zoo has been measured here
    ('dearli_clip-convnext-b_1xb8+8-80k_ade20k-1-128-640x640',
     'Panoptic Segmentation'): {'PQ': 29.9},
    ('dearli_clip-convnext-b_1xb8+8-80k_ade20k-1-128-640x640',
     'Semantic Segmentation'): {'mIoU': 38.9},
}
# That fractions are of; of VOC, those with labels of VOC itself. Else COCO's.
IMAGES = {'ade20k': 20210, 'cityscapes': 2975, 'voc2012': 1464}


@pytest.fixture(params=FAMILIES)
def metafile(request):
    path = ROOT / 'configs' / request.param / 'metafile.yml'
    return request.param, yaml.safe_load(path.read_text())


def test_the_index_imports_them_all():
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text())
    assert set(index['Import']) == {
        f'configs/{family}/metafile.yml' for family in FAMILIES}
    assert {str(path.relative_to(ROOT)) for path in
            ROOT.glob('configs/*/metafile.yml')} == set(index['Import'])


def test_each_config_is_listed_once(metafile):
    family, content = metafile
    listed = [model['Config'] for model in content['Models']]
    assert len(listed) == len(set(listed))
    assert all((ROOT / path).is_file() for path in listed)
    assert set(listed) >= {
        str(path.relative_to(ROOT)) for path in zoo()
        if path.parent.name == family}
    collections = {c['Name']: c for c in content['Collections']}
    assert {m['In Collection'] for m in content['Models']} == set(collections)
    for collection in collections.values():
        assert (ROOT / collection['README']).is_file()
        assert (ROOT / collection['Code']['URL']).is_file()
        assert collection['Paper']['URL'].endswith('2507.10118')


def test_entries_agree_with_the_names(metafile):
    for model in metafile[1]['Models']:
        path = ROOT / model['Config']
        assert model['Name'] == path.stem
        if path not in zoo():
            continue
        spec, metadata = spec_of(path), model['Metadata']
        assert ('Iterations' in metadata) == (spec.batch is not None)
        if spec.batch:
            steps = 1000 * int(spec.batch.split('-')[1].rstrip('k'))
            assert metadata['Iterations'] == steps
        if spec.fraction:  # the count is rounded
            share = IMAGES.get(spec.data, 118287) / int(
                spec.fraction.replace('full', '1-1')[2:])
            assert abs(metadata['Labelled Images'] - share) <= 1
        else:
            assert metadata['Labelled Images'] == 0


def test_results_are_marked_as_claims(metafile):
    found = {
        (model['Name'], result['Task']): result['Metrics']
        for model in metafile[1]['Models']
        for result in model.get('Results', [])
        if result['Claimed'] is True and result['Note'] ==
        'claimed by the paper; not measured here'
    }
    results = sum(len(m.get('Results', [])) for m in metafile[1]['Models'])
    assert results == len(found)
    assert found == {key: value for key, value in CLAIMS.items()
                     if key[0].startswith(f'{metafile[0]}_')}
