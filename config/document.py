"""A YAML file read as nothing but blocks, lists and texts, each with its line.

The one rule: YAML decides about structure and never about types. `on`, `12:30:45`, `010`,
`1e3` and `.nan` are the texts that stand there. What YAML could do beyond that (aliases, tags,
several documents, a key given twice, any size and depth) is refused with its line.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml import events

from config.mistakes import KeyPath, Mistake
from config.reading import LARGEST_BYTES
from domain.text import clean

MOST_VALUES = 20_000
DEEPEST = 20
_EMPTY = ("", "~", "null", "Null", "NULL")


@dataclass(slots=True)
class Document:
    """What was read: nested dicts, lists and texts, None for an empty value.

    `lines` has the line of every path; `mistakes` what could not be taken as it stands; `whole`
    is False when the reading ended early.
    """

    name: str
    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[KeyPath, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    whole: bool = True

    def where(self, path: KeyPath) -> str:
        """File and line of a path, or of the nearest block around it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.line(self.lines[path[:length]])
        return self.name

    def line(self, number: int) -> str:
        """`trading_config.yaml line 12`."""
        return f"{self.name} line {number}"


def read_document(raw: bytes, name: str) -> Document:
    """Read a configuration file's bytes; nothing is raised, mistakes are collected."""
    document = Document(name)
    try:
        _Reader(document).read(raw)
    except _Unreadable as error:
        where = document.line(error.line) if error.line else name
        document.mistakes.append(Mistake(where, (), str(error)))
        document.whole = False
    return document


class _Unreadable(Exception):
    """The file cannot be read on from here."""

    def __init__(self, text: str, line: int = 0) -> None:
        super().__init__(text)
        self.line = line


@dataclass(slots=True)
class _Open:
    """A block or list that is being read; `key` is the one whose value comes next.

    What stands under a key that was there before is read on, for its structure, and `ignored`.
    """

    value: dict[str, Any] | list[Any]
    path: KeyPath
    ignored: bool
    key: str | None = None
    key_ignored: bool = False


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._open: list[_Open] = []
        self._values = 0

    def read(self, raw: bytes) -> None:
        documents = 0
        for event in _events(_text(raw)):
            line = event.start_mark.line + 1 if event.start_mark else 0
            if isinstance(event, events.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Unreadable("a second document begins here; one file, one document", line)
            elif isinstance(event, events.NodeEvent):
                self._node(event, line)
            elif isinstance(event, events.CollectionEndEvent):
                self._open.pop()

    def _node(self, event: events.NodeEvent, line: int) -> None:
        self._values += 1
        if self._values > MOST_VALUES:
            raise _Unreadable(f"there are more than {MOST_VALUES:,} values", line)
        if len(self._open) >= DEEPEST:
            raise _Unreadable(f"blocks are nested deeper than {DEEPEST}", line)
        within = self._open[-1] if self._open else None
        if within is not None and isinstance(within.value, dict) and within.key is None:
            self._take_key(within, event, line)
        else:
            self._take_value(within, event, line)

    def _take_key(self, within: _Open, event: events.NodeEvent, line: int) -> None:
        if not isinstance(event, events.ScalarEvent):
            raise _Unreadable("a setting's name is a plain word, not a block or a list", line)
        path = (*within.path, event.value)
        self._refuse_extras(event, path, line)
        first = self._document.lines.get(path)
        within.key = event.value
        within.key_ignored = within.ignored or first is not None
        if first is None:
            self._document.lines[path] = line
        elif not within.ignored:
            self._mistake(path, line, f"stands here twice; the first is in line {first}")

    def _take_value(self, within: _Open | None, event: events.NodeEvent, line: int) -> None:
        path = self._path_within(within)
        self._refuse_extras(event, path, line)
        value = self._kept(within, _value(event), path, line)
        if isinstance(value, dict | list):
            self._open.append(_Open(value, path, ignored=within is not None and within.key_ignored))
        if within is not None:
            within.key = None

    def _kept(self, within: _Open | None, value: Any, path: KeyPath, line: int) -> Any:
        if within is None:
            if value is not None and not isinstance(value, dict):
                raise _Unreadable("the file begins with a block of settings, 'mode: demo'", line)
            self._document.data = value = value or {}
        elif isinstance(within.value, list):
            self._document.lines.setdefault(path, line)
            within.value.append(value)
        elif not within.key_ignored:
            within.value[str(within.key)] = value
        return value

    def _path_within(self, within: _Open | None) -> KeyPath:
        if within is None:
            return ()
        here = str(len(within.value)) if isinstance(within.value, list) else str(within.key)
        return (*within.path, here)

    def _refuse_extras(self, event: events.NodeEvent, path: KeyPath, line: int) -> None:
        if isinstance(event, events.AliasEvent) or event.anchor:
            self._mistake(path, line, "anchors and aliases (& and *) are not used; write it out")
        elif getattr(event, "tag", None):
            self._mistake(path, line, "tags (!) are not used; write the plain value")

    def _mistake(self, path: KeyPath, line: int, text: str) -> None:
        self._document.mistakes.append(Mistake(self._document.line(line), path, text))


def _text(raw: bytes) -> str:
    if len(raw) > LARGEST_BYTES:
        raise _Unreadable(f"the file is larger than {LARGEST_BYTES:,} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _Unreadable("this is not UTF-8 text", line) from None


def _events(text: str) -> Iterator[events.Event]:
    try:
        yield from yaml.parse(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise _Unreadable(
            f"the character U+{ord(text[error.position]):04X} is not text", line
        ) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _Unreadable(_said(error), mark.line + 1 if mark else 0) from None


def _value(event: events.NodeEvent) -> Any:
    if isinstance(event, events.MappingStartEvent):
        return {}
    if isinstance(event, events.SequenceStartEvent):
        return []
    if not isinstance(event, events.ScalarEvent) or (event.implicit[0] and event.value in _EMPTY):
        return None
    return event.value


_COLONS = "there is a ':' too many; check the indentation, or put a text with ': ' in quotes"
_PROBLEMS: Mapping[str, str] = {
    "found character '\\t' that cannot start any token": "a tab stands here; indent with spaces",
    "mapping values are not allowed here": _COLONS,
}


def _said(error: yaml.MarkedYAMLError) -> str:
    problem = clean(error.problem or error.context or "this is not YAML", longest=120)
    begun = error.context_mark
    if begun is not None and error.problem_mark and begun.line < error.problem_mark.line:
        problem = f"{problem} (it began in line {begun.line + 1})"
    return _PROBLEMS.get(problem, problem)
