import os
import stat

import open_clip
import pytest
import torch
from golden_clip import golden_detector, register_golden_clip
from mmdet.registry import MODELS
from torch.testing import assert_close

from dearli_mm.functional.classification import average_templates
from dearli_mm.models import CLIPTextClassifier
from dearli_mm.models.clip import TEMPLATES, build_clip, parse_classes
from dearli_mm.models.clip.class_prompts import make_prompts
from dearli_mm.models.clip.text_classifier import encode_text


def test_prompts_tokens_and_average_parity(golden):
    ref = golden('f_text_classifier')
    assert list(TEMPLATES['vild']) == ref['templates']
    classes = parse_classes(ref['class_names'])
    assert [len(names) for names in classes] == ref['num_templates'].tolist()
    names = [name for synonyms in classes for name in synonyms]
    prompts = make_prompts(names, 'vild')
    assert prompts == ref['prompts']
    assert torch.equal(open_clip.tokenize(prompts), ref['tokens'])
    assert_close(
        average_templates(ref['features'], 14),
        ref['text_classifier'],
        rtol=1e-5,
        atol=1e-6)


@pytest.fixture
def clip_name(tmp_path):
    return register_golden_clip(tmp_path)


def test_short_context_gives_the_same_features(clip_name):
    tower = build_clip(clip_name).text.eval()
    tokens = open_clip.tokenize(['a car', 'a photo of a brick wall.'])
    with torch.no_grad():
        full = tower(tokens)
    assert_close(encode_text(tower, tokens, 1), full, rtol=0, atol=3e-6)
    assert tower.attn_mask.shape[0] == 77  # the tower itself is unchanged


def _weights(clip_name, path, seed):
    torch.manual_seed(seed)
    torch.save(build_clip(clip_name).state_dict(), path)
    return str(path)


def test_cache_follows_weights_names_and_templates(clip_name, tmp_path,
                                                   monkeypatch):
    first = _weights(clip_name, tmp_path / 'a.pt', 1)
    second = _weights(clip_name, tmp_path / 'b.pt', 2)
    cache = tmp_path / 'cache'

    def build(weights, classes=('cat', 'dog'), templates='vild'):
        classifier = CLIPTextClassifier(
            list(classes), clip_name, weights, templates, str(cache))
        classifier.init_weights()
        return classifier

    original = build(first).embeddings
    assert len(list(cache.glob('*.pt'))) == 1
    variants = (build(second), build(first, ('cat', 'cow')),
                build(first, templates='plain'))
    for other in variants:
        assert not torch.allclose(other.embeddings, original)
    assert len(list(cache.glob('*.pt'))) == 4
    monkeypatch.setattr(CLIPTextClassifier, '_compute', None)
    assert torch.equal(build(first).embeddings, original)  # from the cache


def test_cache_is_shared_and_survives_damage(clip_name, tmp_path):
    weights = _weights(clip_name, tmp_path / 'a.pt', 1)
    cache = tmp_path / 'cache'

    def build():
        classifier = CLIPTextClassifier(
            ['cat', 'dog'], clip_name, weights, cache_dir=str(cache))
        classifier.prepare()
        return classifier.embeddings

    umask = os.umask(0o022)
    try:
        expected = build()
    finally:
        os.umask(umask)
    entry, = cache.iterdir()
    assert stat.S_IMODE(entry.stat().st_mode) == 0o644  # others may read it
    for damage in (entry.read_bytes()[:40], b''):
        entry.write_bytes(damage)
        assert torch.equal(build(), expected)
        assert torch.equal(torch.load(entry, weights_only=True), expected)


def test_cache_that_cannot_be_written(clip_name, tmp_path, monkeypatch):
    weights = _weights(clip_name, tmp_path / 'a.pt', 1)
    monkeypatch.setenv('HOME', '/dev/null')
    classifier = CLIPTextClassifier(['cat', 'dog'], clip_name, weights)
    classifier.prepare()
    assert classifier.embeddings.shape == (2, 16)


def test_random_tower_is_the_same_in_every_run(clip_name):
    first, second = (
        CLIPTextClassifier(['cat', 'dog'], clip_name) for _ in range(2))
    torch.manual_seed(1)
    first.prepare()
    torch.manual_seed(2)
    second.prepare()
    assert torch.equal(first.embeddings, second.embeddings)


def test_network_prepares_it_before_the_first_step(clip_name):
    network = MODELS.build(golden_detector(['cat', 'dog', 'sky'], 2, 1))
    assert network.panoptic_head.text_classifier.embeddings.numel() == 0
    network.init_weights()
    assert len(network.panoptic_head.text_classifier.embeddings) == 3


def test_set_classes_changes_the_vocabulary(clip_name):
    classifier = CLIPTextClassifier(['cat'], clip_name)
    classifier.set_classes(['cat,kitten', 'dog'])
    assert classifier.num_synonyms == [2, 1]
    rows = classifier(torch.full((1, 16), 3.))
    assert rows.shape == (4, 16)
    assert_close(rows.norm(dim=1), torch.ones(4))
    assert not classifier.state_dict()  # no vocabulary in checkpoints


def test_nothing_is_computed_before_it_is_needed(clip_name, monkeypatch):
    classifier = CLIPTextClassifier(['cat', 'dog'], clip_name)
    assert classifier.embed_dims == 16 and classifier.embeddings.numel() == 0
    first = classifier(torch.ones(1, 16))
    monkeypatch.setattr(CLIPTextClassifier, '_compute', None)
    assert torch.equal(classifier(torch.ones(1, 16)), first)


def test_computing_leaves_the_random_numbers_alone(clip_name):
    classifier = CLIPTextClassifier(['cat', 'dog'], clip_name)
    state = torch.get_rng_state()
    classifier.prepare()
    assert torch.equal(torch.get_rng_state(), state)


def test_missing_weights_are_named(clip_name):
    with pytest.raises(FileNotFoundError, match='nowhere.pt.*get open_clip'):
        CLIPTextClassifier(['cat'], clip_name, 'nowhere.pt')


def test_weights_of_another_model(clip_name, tmp_path):
    path = tmp_path / 'x.pt'
    torch.save({'a': torch.zeros(1)}, path)
    with pytest.raises(ValueError, match='x.pt.*cannot be loaded'):
        CLIPTextClassifier(['cat'], clip_name, str(path)).prepare()


def test_class_sources(tmp_path):
    file = tmp_path / 'names.txt'
    file.write_text('0:invalid_class_id\n1:wall, walls\n2:car\n')
    expected = [['wall', 'walls'], ['car']]
    assert parse_classes(str(file)) == expected
    assert parse_classes(dict(classes=['wall, walls', 'car'])) == expected
    file.write_text('0:background\n1:car\n')
    assert parse_classes(file) == [['background'], ['car']]


@pytest.mark.parametrize('classes,message', [
    (['a', 'b,,c'], 'class 1.*empty name'),
    ([], 'is empty'),
    ('no/such/file.txt', 'no such file'),
])
def test_bad_classes(classes, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        parse_classes(classes)
