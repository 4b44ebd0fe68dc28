"""A user's own keys: what of a keymap can be applied, and why the rest cannot.

The one rule: no keymap can take away the kill switch's key, or give one press two meanings.
"""

from collections.abc import Iterable, Mapping
from itertools import combinations

from tui.keys import (
    GLOBAL,
    ORDER,
    OVER_TABLES,
    TABLE,
    TABLE_OF_KEYS,
    Key,
    shown,
    split,
    with_keymap,
)


def usable(keymap: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The part of a user's keymap that is applied, and a sentence for each part that is not.

    A keymap may not name a key that does not exist, take another's key, or leave the kill
    switch without one; such an entry is dropped and the default stays.
    """
    known = {key.id for key in TABLE_OF_KEYS}
    taken: dict[str, str] = {}
    problems = [f"{name}: there is no such key" for name in keymap if name not in known]
    for name, keys in keymap.items():
        if name not in known:
            continue
        if not keys.strip():
            problems.append(f"{name}: no key given, the default stays")
            continue
        clashes = conflicts(with_keymap({**taken, name: keys}))
        if clashes:
            problems.append(f"{name} = {keys}: {clashes[0]}")
        else:
            taken[name] = keys
    return taken, tuple(problems)


def conflicts(table: Iterable[Key] = TABLE_OF_KEYS) -> tuple[str, ...]:
    """Every pair of rows that would answer to one key press in one place."""
    found: list[str] = []
    for one, other in combinations(table, 2):
        if not (_meet(one.context, other.context) or one.priority or other.priority):
            continue
        shared = set(split(one.keys)) & set(split(other.keys)) - {""}
        found.extend(
            f"{shown(key)} is both {one.label} ({one.context}) and {other.label} ({other.context})"
            for key in sorted(shared)
        )
    return tuple(found)


def _meet(one: str, other: str) -> bool:
    if one == other or (GLOBAL in (one, other) and ORDER not in (one, other)):
        return True
    return TABLE in (one, other) and (one in OVER_TABLES or other in OVER_TABLES)
