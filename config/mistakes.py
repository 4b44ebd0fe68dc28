"""What is wrong with a configuration: where, and what to write instead, all of it at once.

The one rule: a message never shows more of the configuration than a refused value's first
forty characters, and nothing of a place where a secret could stand.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from domain.errors import Misconfigured
from domain.text import clean
from risk.scoped import WHOLE_DESK

KeyPath = tuple[str, ...]
MOST_SHOWN = 25


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to mend. `where` names file and line, variable or flag; "" when none tells."""

    where: str
    path: KeyPath
    text: str

    def __str__(self) -> str:
        place = ", ".join(part for part in (self.where, dotted(self.path)) if part)
        return f"{place}: {self.text}"


def dotted(path: Iterable[str]) -> str:
    """`risk.max_order_value`, fit for a message."""
    return ".".join(clean(part, longest=40) for part in path)


def refusal(source: str, mistakes: Sequence[Mistake]) -> Misconfigured:
    """All mistakes as one error; a single one keeps its own place in `where`."""
    if len(mistakes) == 1:
        (only,) = mistakes
        place = ", ".join(part for part in (only.where or source, dotted(only.path)) if part)
        return Misconfigured(place, only.text)
    shown = [f"\n  {mistake}" for mistake in mistakes[:MOST_SHOWN]]
    if len(mistakes) > MOST_SHOWN:
        shown.append(f"\n  and {len(mistakes) - MOST_SHOWN} more")
    return Misconfigured(f"{source}, {len(mistakes)} mistakes", "".join(shown))


# What pydantic found

_WORDS: Mapping[str, str] = {
    "missing": "is missing",
    "model_type": "takes a block of settings, indented under it",
    "dict_type": "takes a block of settings, indented under it",
    "mapping_type": "takes a block of settings, indented under it",
    "tuple_type": "takes a list: one '- item' a line, or [A, B]",
}


def mistakes_of(
    errors: Iterable[Mapping[str, Any]],
    data: Mapping[str, Any],
    known: Callable[[KeyPath], Sequence[str]],
    where: Callable[[KeyPath], str],
) -> list[Mistake]:
    """Pydantic's `errors()` about `data` in our words, one for one.

    `known` lists the names that exist within a block, `where` tells the place of a path.
    """
    found = []
    for error in errors:
        path = _written(tuple(str(part) for part in error["loc"] if part != "[key]"), data)
        found.append(Mistake(where(path), path, _text(error, path, known)))
    return found


def _written(path: KeyPath, data: Any) -> KeyPath:
    # One number for all assets was written as such; pydantic was shown it as a block.
    for depth, name in enumerate(path):
        if isinstance(data, str):
            return path[:depth]
        data = data.get(name) if isinstance(data, Mapping) else None
    return path


def _text(
    error: Mapping[str, Any], path: KeyPath, known: Callable[[KeyPath], Sequence[str]]
) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        whole_desk = WHOLE_DESK.get(path[-1]) if "by_scope" in path else None
        return f"has no scope: {whole_desk}" if whole_desk else unknown_name(path, known)
    if kind == "value_error":
        return str(error["ctx"]["error"])
    return _WORDS.get(kind) or str(error["msg"])


def unknown_name(path: KeyPath, known: Callable[[KeyPath], Sequence[str]]) -> str:
    """What to say of a setting that does not exist: the nearest that does, here or elsewhere."""
    names = known(path[:-1])
    near = get_close_matches(path[-1].lower(), names, n=1)
    if near:
        return f"there is no such setting; did you mean {near[0]}?"
    home = _elsewhere(path[-1], known)
    if home:
        return f"there is no such setting here; it belongs {home}"
    listed = ", ".join(names[:12]) or "nothing"
    return f"there is no such setting; known here: {listed}{', …' if len(names) > 12 else ''}"  # noqa: PLR2004 -- one line of a terminal


def _elsewhere(name: str, known: Callable[[KeyPath], Sequence[str]]) -> str:
    if name in known(()):
        return "at the top of the file, not indented"
    for block in known(()):
        if name in known((block,)):
            return f"under {block}"
    return ""
