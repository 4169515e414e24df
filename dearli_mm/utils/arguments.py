"""Settings that nobody reads are refused, with the name that was meant."""
import inspect
from difflib import get_close_matches
from typing import Iterable, List, Mapping, Optional


def refuse_unknown(found: Iterable[str],
                   known: Iterable[str],
                   where: str,
                   renamed: Optional[Mapping[str, str]] = None) -> None:
    """Refuse settings that are not known, all at once.

    Args:
        found (Iterable[str]): Names that were given.
        known (Iterable[str]): Names that there are.
        where (str): Config key that they stand under, for the error.
        renamed (Mapping[str, str], optional): Names of other software, and
            what to write in their place.

    Raises:
        ValueError: Names each unknown one, and the nearest that is known.
    """
    known, renamed = list(dict.fromkeys(known)), renamed or {}
    complaints = []
    for name in found:
        if name in known:
            continue
        nearest = get_close_matches(str(name), known, 1, cutoff=0.5)
        meant = renamed.get(name) or (nearest[0] if nearest else None)
        complaints.append(f'{where}.{name}' +
                          (f' (did you mean {meant!r}?)' if meant else ''))
    if complaints:
        raise ValueError(
            f'no such setting: {", ".join(complaints)}; there are '
            f'{", ".join(sorted(known)) or "none"}')


def near_misses(found: Iterable[str], known: Iterable[str]) -> List[str]:
    """Names that look like known ones, with what was meant.

    For places where unknown names are allowed, such as the top of a config.
    """
    known = list(known)
    told = []
    for name in found:
        nearest = get_close_matches(str(name), known, 1, cutoff=0.8)
        if name not in known and nearest:
            told.append(f'{name} (did you mean {nearest[0]!r}?)')
    return told


def arguments_of(*classes: type) -> List[str]:
    """Names of the arguments of some classes' constructors."""
    return [
        name for own in classes
        for name, parameter in inspect.signature(
            own.__init__).parameters.items()
        if name != 'self' and parameter.kind not in (
            parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
