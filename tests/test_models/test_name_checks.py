"""Names that CLIP's text tower cannot tell apart."""
import pytest
from golden_clip import register_golden_clip

from dearli_mm.models.clip import CLIPTextClassifier, name_checks
from dearli_mm.models.clip.loading import build_tokenizer


@pytest.fixture
def told(monkeypatch, tmp_path):
    register_golden_clip(tmp_path)
    lines = []
    monkeypatch.setattr(name_checks, 'print_log',
                        lambda text, *_: lines.append(text))
    name_checks._warn_once.cache_clear()
    return lines


def classifier(classes):
    return CLIPTextClassifier(classes, 'dearli_golden', None, cache_dir=None)


def test_names_of_several_classes_are_told_once(told):
    for _ in range(2):
        classifier(['cat,kitten', 'dog', ' Cat', 'puppy,dog'])
    line, = told
    assert "'cat', 'dog' stand for several classes" in line
    classifier(['cat', 'dog'])
    assert len(told) == 1


def test_other_scripts_are_told(told):
    classifier(['caf\u00e9', '\u7403', 'sand'])
    line, = told
    assert "'\u7403' are not in Latin letters" in line


def test_names_that_are_cut_are_told(told):
    long = 'cat ' * 100
    classifier([f'{long} one', f'{long} two', 'dog']).prepare()
    line, = told
    assert '2 names are too long for the' in line and "'cat cat" in line


def test_a_prompt_that_just_fits_is_not_cut(told):
    model = classifier(['dog'])
    length = build_tokenizer('dearli_golden').context_length
    fits = ' '.join(['cat'] * (length - 2))  # start and end are tokens, too
    model._tokenize([fits], [fits])
    assert not told
    model._tokenize([f'{fits} cat'], [f'{fits} cat'])
    assert len(told) == 1


def test_tokenizers_of_a_hub_are_refused():
    with pytest.raises((ImportError, FileNotFoundError),
                       match="'timm/ViT-B-16-SigLIP'.* files"):
        build_tokenizer('ViT-B-16-SigLIP')
