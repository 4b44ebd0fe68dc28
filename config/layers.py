"""The file, the environment and the flags laid over one another, each place remembered.

The one rule: what is laid on top replaces a value and adds to a block; a mistake is always
reported where it was written, in file and line, variable or flag.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from config.document import Document
from config.mistakes import KeyPath, Mistake, dotted
from config.outline import PREFIX, SEPARATOR, path_of, settings_listed, variable
from risk.scoped import DEFAULT, POSITION


@dataclass(frozen=True, slots=True)
class Override:
    """One setting from outside the file: `where` is the variable or flag that told it."""

    where: str
    path: KeyPath
    text: str


def flag(name: str, path: str, text: str) -> Override:
    """What a command-line flag says: `flag("--scenario", "demo.scenario", "bull")`."""
    return Override(name, tuple(path.split(".")), text)


def overrides_from(environ: Mapping[str, str]) -> list[Override]:
    """The settings of an environment, in the order of their names: those with `__`."""
    names = sorted(n for n in environ if n.startswith(f"{PREFIX}_") and SEPARATOR in n)
    return [Override(name, path_of(name), environ[name]) for name in names]


def missed_variables(environ: Mapping[str, str]) -> list[str]:
    """A warning for each variable that lacks one underscore to be a setting."""
    meant = {
        variable(path).replace(SEPARATOR, "_"): variable(path) for path, _ in settings_listed()
    }
    return [
        f"{name} is not read as a setting; did you mean {meant[name]}?"
        for name in sorted(environ)
        if name in meant and SEPARATOR not in name
    ]


@dataclass(slots=True)
class Layers:
    """A document with what was laid over it; `data` is what the models get."""

    document: Document
    data: dict[str, Any] = field(init=False)
    mistakes: list[Mistake] = field(init=False)
    _told: dict[KeyPath, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.data = self.document.data
        self.mistakes = self.document.mistakes

    def lay(self, overrides: Iterable[Override]) -> None:
        """Lay one layer on top. Two different values for one setting are a mistake."""
        told: dict[KeyPath, Override] = {}
        for override in overrides:
            other = told.setdefault(override.path, override)
            if other.text != override.text:
                text = f"{other.where} says something else; remove one of them"
                self.mistakes.append(Mistake(override.where, override.path, text))
        for override in told.values():
            self._put(override)

    def where(self, path: KeyPath) -> str:
        """Where a setting, or the nearest block around it, was written."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._told:
                return self._told[path[:length]]
            if path[:length] in self.document.lines:
                return self.document.line(self.document.lines[path[:length]])
        return self.document.name

    def order(self, path: KeyPath) -> int:
        """A number to sort places by: lines first, in their order, then what was laid on top."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._told:
                return len(self.document.lines) + 1_000_000
            if path[:length] in self.document.lines:
                return self.document.lines[path[:length]]
        return 0

    def sources(self) -> dict[str, str]:
        """Dotted path → where, for every setting that was written somewhere."""
        found = {dotted(path): self.where(path) for path in _leaves(self.data)}
        return dict(sorted(found.items()))

    def _put(self, override: Override) -> None:
        block = self.data
        *around, last = override.path
        for depth, name in enumerate(around, start=1):
            inner = block.get(name)
            if not isinstance(inner, dict):
                inner = block[name] = self._opened(inner, override.path[:depth])
                if override.path[:depth] not in self.document.lines:
                    self._told.setdefault(override.path[:depth], override.where)
            block = inner
        block[last] = override.text
        self._told[override.path] = override.where

    def _opened(self, value: Any, path: KeyPath) -> dict[str, Any]:
        # One number for every asset stays the default when another layer names one asset.
        if path[-1] == POSITION and isinstance(value, str):
            self._told[(*path, DEFAULT)] = self.where(path)
            return {DEFAULT: value}
        return {}


def _leaves(data: Any, path: KeyPath = ()) -> Iterable[KeyPath]:
    if not isinstance(data, dict):
        yield path
        return
    for name, value in data.items():
        yield from _leaves(value, (*path, str(name)))
