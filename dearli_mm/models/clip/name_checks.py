"""What CLIP's text tower cannot tell about names, said once."""
import logging
import unicodedata
from functools import lru_cache
from typing import Dict, Sequence, Set

from mmengine.logging import print_log


def tell_names(classes: Sequence[Sequence[str]]) -> None:
    """Warn of names of several classes, and of those in other scripts.

    Args:
        classes (Sequence[Sequence[str]]): Synonyms of each class.
    """
    owners: Dict[str, Set[int]] = {}
    for index, names in enumerate(classes):
        for name in names:
            key = ' '.join(name.lower().split())
            owners.setdefault(key, set()).add(index)
    shared = {name: who for name, who in owners.items() if len(who) > 1}
    if shared:
        mixed = sorted({classes[k][0] for who in shared.values() for k in who})
        _warn_once(f'the names {shortened(list(shared))} stand for several '
                   f'classes ({shortened(mixed)}), which CLIP cannot tell '
                   'apart by them')
    foreign = [name for name in owners if not _is_latin(name)]
    if foreign:
        _warn_once(f'the names {shortened(foreign)} are not in Latin letters; '
                   'most CLIPs have learnt English only')


def tell_cut(names: Sequence[str], length: int, model_name: str) -> None:
    """Warn of names that the tokenizer cuts.

    Args:
        names (Sequence[str]): The names.
        length (int): Tokens that a prompt may have.
        model_name (str): Name of the open_clip model.
    """
    if names:
        _warn_once(f'{len(names)} names are too long for the {length} tokens '
                   f'of {model_name!r} and are cut: {shortened(names)}. Names '
                   'that begin alike then mean the same')


def shortened(names: Sequence[str], count: int = 5) -> str:
    """Some names, each cut to what fits in a line."""
    shown = [repr(name if len(name) < 40 else f'{name[:20]}...{name[-16:]}')
             for name in names[:count]]
    more = f' and {len(names) - count} more' if len(names) > count else ''
    return ', '.join(shown) + more


def _is_latin(name: str) -> bool:
    return name.isascii() or all('LATIN' in unicodedata.name(letter, '')
                                 for letter in name if letter.isalpha())


@lru_cache(maxsize=None)  # student, teacher and each worker have the names
def _warn_once(text: str) -> None:
    print_log(f'CLIPTextClassifier: {text}', 'current', logging.WARNING)
