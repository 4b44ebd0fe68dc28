"""The desk over a socket: JSON lines, with codecs that come from the dataclasses.

Requests are `{"id", "ask", "with"}` or `{"watch": hz}`; replies `{"id", "answer"}` or
`{"id", "error"}`; boards come as `{"board"}` once and `{"changes"}` after that. The one rule:
what does not decode is answered with an error or ends the connection, never guessed at.
"""

import json
from dataclasses import fields
from decimal import Decimal
from typing import Any, get_args, get_origin, get_type_hints

from domain.asks import Ask
from domain.board import Board
from domain.codec import Undecodable, decode, encode
from domain.errors import (
    FAMILIES,
    Corrupt,
    DeskError,
    InDoubt,
    Misconfigured,
    Refused,
    Unavailable,
)
from domain.registry import answer_of, asks_by_name
from domain.table import Table

LONGEST_LINE = 16 * 1024 * 1024
_TYPES: dict[str, Any] = get_type_hints(Board)
_NAMES = tuple(item.name for item in fields(Board))
_FRONT_GROWING = frozenset({"fills", "denials"})


def line(message: dict[str, Any]) -> bytes:
    """One message as a line of JSON."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def message(raw: bytes) -> dict[str, Any]:
    """The message in a line.

    Raises:
        Undecodable: when it is not one JSON object.
    """
    try:
        told = json.loads(raw, parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError) as error:
        raise Undecodable(f"not a line of JSON: {error}") from None
    if not isinstance(told, dict):
        raise Undecodable("a message is one JSON object")
    return told


def _no_float(text: str) -> Decimal:
    raise ValueError(f"{text} is a float; numbers travel as text")


# Asks and answers


def asked(number: int, ask: Ask[Any]) -> bytes:
    """An ask as a line."""
    return line({"id": number, "ask": type(ask).__name__, "with": encode(ask)})


def ask_in(told: dict[str, Any]) -> Ask[Any]:
    """The ask in a message.

    Raises:
        Undecodable: for an unknown ask, or fields that do not fit it.
    """
    kind = asks_by_name().get(str(told.get("ask")))
    if kind is None:
        raise Undecodable(f"there is no ask {told.get('ask')!r}; is this engine older than you?")
    return decode(kind, told.get("with", {}))


def answered(number: object, answer: object) -> bytes:
    """A good answer as a line."""
    return line({"id": number, "answer": encode(answer)})


def failed(number: object, error: DeskError) -> bytes:
    """One of the five families as a line; an adapter's own kind of one goes as its family."""
    told = {key: value for key, value in vars(error).items() if isinstance(value, str | int)}
    family = next((kind.__name__ for kind in FAMILIES if isinstance(error, kind)), "")
    return line({"id": number, "error": {**told, "family": family}})


def answer_in(told: dict[str, Any], ask: Ask[Any]) -> Any:
    """The answer in a message, or the error it carries, raised."""
    if "error" in told:
        raise error_in(told["error"])
    return decode(answer_of(type(ask)), told.get("answer"))


def error_in(told: dict[str, Any]) -> DeskError:
    """The error that `failed` wrote."""
    family = told.get("family")
    if family == Refused.__name__:
        return Refused(str(told.get("rule")), str(told.get("reason")))
    if family == Unavailable.__name__:
        retry = told.get("retry_after_us", 0)
        who, why, remedy = (str(told.get(part, "")) for part in ("who", "why", "remedy"))
        return Unavailable(who, why, retry_after_us=retry, remedy=remedy)
    if family == InDoubt.__name__:
        return InDoubt(str(told.get("reference")), str(told.get("why")))
    if family == Misconfigured.__name__:
        return Misconfigured(str(told.get("where")), str(told.get("hint")))
    return Corrupt(str(told.get("what", "an error of no known family")))


# Boards


def whole(board: Board) -> bytes:
    """A board as a line."""
    return line({"board": encode(board)})


def changes(old: Board, new: Board) -> bytes:
    """What turns `old` into `new`, as a line: whole fields, and single entries of tables."""
    told: dict[str, Any] = {}
    for name in _NAMES:
        before, after = getattr(old, name), getattr(new, name)
        if before is after or (not isinstance(after, Table) and before == after):
            continue
        told[name] = _change(name, before, after)
    return line({"changes": told})


def _change(name: str, before: Any, after: Any) -> dict[str, Any]:
    if isinstance(after, Table):
        put, dropped = after.changed_since(before)
        return {"put": {key: encode(value) for key, value in put.items()}, "drop": dropped}
    if name in _FRONT_GROWING and before:
        for new_ones, item in enumerate(after):
            if item is before[0] and after[new_ones:] == before[: len(after) - new_ones]:
                kept = len(after) - new_ones
                return {"front": [encode(item) for item in after[:new_ones]], "keep": kept}
    return {"is": encode(after)}


def board_in(told: dict[str, Any], old: Board | None) -> Board:
    """The board that a message makes of the one before.

    Raises:
        Undecodable: when it does not fit, or changes come before a whole board.
    """
    if "board" in told:
        return decode(Board, told["board"])
    if old is None:
        raise Undecodable("changes came before a board")
    changed = told.get("changes", {})
    unknown = changed.keys() - _TYPES.keys()
    if unknown:
        raise Undecodable(f"a board has no {', '.join(sorted(unknown))}")
    return old.but(**{name: _changed(name, getattr(old, name), c) for name, c in changed.items()})


def _changed(name: str, before: Any, change: dict[str, Any]) -> Any:
    shape = _TYPES[name]
    if "is" in change:
        return decode(shape, change["is"])
    if get_origin(shape) is Table:
        return _table(before, get_args(shape)[1], change)
    item = get_args(shape)[0]
    front = tuple(decode(item, told) for told in change.get("front", []))
    return (*front, *before[: change.get("keep", 0)])


def _table(before: Table[str, Any], item: Any, change: dict[str, Any]) -> Table[str, Any]:
    table = before
    for key in change.get("drop", []):
        table = table.drop(key)
    for key, told in change.get("put", {}).items():
        table = table.put(key, decode(item, told))
    return table
