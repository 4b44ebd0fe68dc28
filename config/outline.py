"""The shape of the configuration: which settings exist, of which kind, with which default.

The one rule: the shape is read from the models, so that the manual, the suggestions for
misspelt names and the names of environment variables cannot drift from them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel

from config.composed import Composed
from config.kinds import Kind
from config.mistakes import KeyPath
from config.settings import Settings
from risk.scoped import DEFAULT, POSITION

PREFIX = "QUARTERDECK"
SEPARATOR = "__"
NAMED = "<name>"
REQUIRED = "required"

# Capitals stay capitals below these.
_BY_ASSET = ((POSITION,), ("balances",), ("weights",), ("by_scope",))


@dataclass(frozen=True, slots=True)
class Node:
    """One place of the tree: a setting (`says` its kind), or a block with `fields`.

    In a block whose names the user picks, `named` is what each of them holds.
    """

    says: str = ""
    default: Any = None
    fields: Mapping[str, "Node"] = field(default_factory=dict)
    named: "Node | None" = None

    def child(self, name: str) -> "Node | None":
        """What stands under `name`; None when there is no such thing."""
        return self.fields.get(name, self.named)


@cache
def outline() -> Node:
    """The whole tree."""
    return _model(Settings)


def known_names(path: KeyPath) -> Sequence[str]:
    """The names that exist in the block at `path`; none when the user picks them."""
    node: Node | None = outline()
    for name in path:
        node = node.child(name) if node else None
    return tuple(node.fields) if node else ()


def settings_listed(node: Node | None = None, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Node]]:
    """Every setting with its path; a name that the user picks is `NAMED`."""
    here = node or outline()
    if here.says:
        yield path, here
    for name, child in here.fields.items():
        yield from settings_listed(child, (*path, name))
    if here.named is not None:
        yield from settings_listed(here.named, (*path, NAMED))


def variable(path: KeyPath) -> str:
    """The environment variable of a setting: `QUARTERDECK_RISK__MAX_ORDER_VALUE`."""
    shown = SEPARATOR.join(part.upper() for part in path)
    return f"{PREFIX}{SEPARATOR if len(path) == 1 else '_'}{shown}"


def path_of(name: str) -> KeyPath:
    """The setting that a variable's name means; the tree tells where capitals belong."""
    parts = name.removeprefix(PREFIX).lstrip("_").split(SEPARATOR)
    path: KeyPath = ()
    for part in parts:
        asset = path[-1:] in _BY_ASSET and part.lower() != DEFAULT
        path = (*path, part if asset else part.lower())
    return path


# Reading the models


def _model(model: type[BaseModel]) -> Node:
    told = {
        info.alias or name: _node(
            Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation,
            REQUIRED if info.is_required() else info.get_default(),
        )
        for name, info in model.model_fields.items()
    }
    return Node(fields=told)


def _node(annotation: Any, default: Any) -> Node:
    plain, marks = _unwrapped(annotation)
    for mark in marks:
        if isinstance(mark, Composed):
            made = {n: _node(kind, mark.defaults.get(n)) for n, kind in mark.kinds.items()}
            return Node(fields=made)
        if isinstance(mark, Kind):
            return Node(mark.says, default)
    if isinstance(plain, type) and issubclass(plain, BaseModel):
        return _model(plain)
    if get_origin(plain) is tuple:
        return Node(f"list of: {_node(get_args(plain)[0], None).says}", default)
    _, value = get_args(plain)
    return Node(named=_node(value, None))


def _unwrapped(annotation: Any) -> tuple[Any, Sequence[Any]]:
    if get_origin(annotation) is Annotated:
        plain, *marks = get_args(annotation)
        return plain, marks
    return annotation, ()
