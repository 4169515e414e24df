"""Fonts that have the letters of the names."""
import pytest
from matplotlib import get_data_path

from dearli_mm.visualization import fonts
from dearli_mm.visualization.fonts import font_for

DEJAVU = f'{get_data_path()}/fonts/ttf/DejaVuSans.ttf'


@pytest.fixture(autouse=True)
def no_memory():
    fonts._font_file.cache_clear()


def test_pillows_own_font_for_latin_names():
    assert font_for(['ball', 'Stra\u00dfe'], 15).getname()[0] == 'Aileron'


def test_a_font_with_other_letters_is_found():
    font = font_for(['\u043c\u044f\u0447', 'ball'], 15)  # Cyrillic
    assert font.getname()[0] != 'Aileron' and font.size == 15
    # Each letter is a glyph of its own, not one box for all.
    assert len({bytes(font.getmask(c)) for c in '\u043c\u044f\u0447'}) == 3


def test_a_font_may_be_given(monkeypatch):
    monkeypatch.setenv(fonts.VARIABLE, DEJAVU)
    assert font_for(['\u043c'], 20).path == DEJAVU


def test_letters_that_no_font_has_are_told_once(monkeypatch):
    told = []
    monkeypatch.setattr(fonts, 'print_log',
                        lambda text, *_: told.append(text))
    monkeypatch.setattr(fonts, '_font_files', lambda: [DEJAVU, __file__])
    for _ in range(2):
        assert font_for(['\u7403'], 15).getname()[0] == 'Aileron'
    assert len(told) == 1 and "'\u7403'" in told[0]


def test_fonts_that_have_boxes_alone_are_none():
    assert not any('LastResort' in path for path in fonts._font_files())
