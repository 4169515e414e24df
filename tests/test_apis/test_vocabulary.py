import numpy as np
import pytest

from dearli_mm.apis import parse_vocabulary, read_vocabulary
from dearli_mm.apis.vocabulary import make_vocabulary


def test_things_stuff_and_synonyms():
    vocabulary = parse_vocabulary(' ball | sphere ,star; night sky|sky,sea')
    assert vocabulary.prompts == ['ball, sphere', 'star', 'night sky, sky',
                                  'sea']
    assert vocabulary.names == ['ball', 'star', 'night sky', 'sea']
    assert [c['isthing'] for c in vocabulary.categories] == [1, 1, 0, 0]
    assert vocabulary.palette.shape == (4, 3)
    again = parse_vocabulary(vocabulary.text)
    assert again.prompts == vocabulary.prompts
    assert again.num_things == vocabulary.num_things


@pytest.mark.parametrize('text, num_things', [('a,b', 2), (';a', 0),
                                              ('a;', 1)])
def test_one_kind_alone(text, num_things):
    assert parse_vocabulary(text).num_things == num_things


@pytest.mark.parametrize('text, message', [
    ('', 'names no class'),
    (' ; ', 'names no class'),
    ('a,,b', 'empty name'),
    ('a|,b', 'empty name'),
    ('a;b;c', '2 semicolons'),
    ('cat,dog;cat', r"\['cat'\] more than once"),
])
def test_text_that_is_no_vocabulary(text, message):
    with pytest.raises(ValueError, match=message):
        parse_vocabulary(text)


def test_file(tmp_path):
    path = tmp_path / 'classes.txt'
    path.write_text('cat, kitten\ndog|hound\n\n;\nnight sky\n')
    vocabulary = read_vocabulary(str(path))
    assert vocabulary.prompts == ['cat, kitten', 'dog, hound', 'night sky']
    assert vocabulary.num_things == 2


def test_file_with_indices(tmp_path):
    path = tmp_path / 'classes.txt'
    path.write_text('0:invalid_class_id\n1:cat,kitten\n2:sky\n')
    assert read_vocabulary(str(path)).prompts == ['cat, kitten', 'sky']


def test_file_that_is_missing():
    with pytest.raises(FileNotFoundError, match='nowhere.txt'):
        read_vocabulary('nowhere.txt')


def test_only_one_of_the_readers_opens_files(tmp_path):
    path = tmp_path / 'secret'
    path.write_text('password')
    assert read_vocabulary(str(path)).names == ['password']
    assert parse_vocabulary(str(path)).names == [str(path)]


def test_names_and_colours_that_do_not_fit_are_left():
    colors = [(1, 2, 3), (4, 5, 6)]
    fits = make_vocabulary(['a, b', 'c'], 1, ['A', 'C'], colors)
    assert fits.names == ['A', 'C']
    np.testing.assert_array_equal(fits.palette, colors)
    other = make_vocabulary(['a, b', 'c', 'd'], 1, ['A', 'C'], colors)
    assert other.names == ['a', 'c', 'd']
    assert len(other.palette) == 3
