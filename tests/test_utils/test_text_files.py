"""Text and JSON files of all sources."""
import pytest

from dearli_mm.utils.text_files import read_json, read_lines, read_text


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16'])
def test_encodings(tmp_path, encoding):
    (tmp_path / 'a.json').write_text('["é"]\n', encoding)
    assert read_json(tmp_path / 'a.json') == ['é']
    assert read_lines(tmp_path / 'a.json') == ['["é"]']


def test_what_cannot_be_read_is_named(tmp_path):
    (tmp_path / 'latin.txt').write_text('é', 'latin-1')
    with pytest.raises(ValueError, match='latin.txt is no UTF-8.*byte 0'):
        read_text(tmp_path / 'latin.txt')
    (tmp_path / 'cut.json').write_text('{"a": ')
    with pytest.raises(ValueError, match='cut.json is no JSON'):
        read_json(tmp_path / 'cut.json')
