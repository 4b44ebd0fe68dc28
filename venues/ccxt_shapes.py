"""What the answer of each endpoint must look like, as data: a wrong shape is never an empty list.

ccxt makes `[]` or an empty balance of nearly anything (venues.md, trap 1); so the answer is
held against the shape of its endpoint before ccxt sees it. The one rule: an endpoint whose
answer is read as a list has a row here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from venues.ccxt_sayings import Absent, Garbled

_NO_CONTENT = 204


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Where the thing stands in the answer (`at`, a dotted path), and what it must be.

    A list holds objects, or lists where `lists`; its length is counted where `counted`, which
    is off where ccxt itself leaves rows out. An object has the fields of `needs`. With `absent`
    nothing at that place is the venue's word for "no such thing". `more` is where the answer
    says that there is another page, of a list that must have one only. With `groups` each row
    is a group that holds its own rows there, all `total` of them. With `either` there may be
    one object or a list of them; a `notice` is a list of parts, no rows. `refuses` says what
    was not done, in an answer that calls itself good ("": it was done). With `silent` a yes is
    HTTP 204 and no word at all.
    """

    at: str = ""
    rows: bool = False
    lists: bool = False
    counted: bool = True
    needs: tuple[str, ...] = ()
    absent: bool = False
    groups: str = ""
    more: str = ""
    either: bool = False
    notice: bool = False
    refuses: Callable[[Any], str] = lambda _: ""
    silent: bool = False


def rows_of(shapes: Mapping[str, Shape], method: str, path: str, answer: Any) -> int:
    """How many rows an answer holds; -1 where it is no list, or none that is counted.

    Raises:
        Garbled: saying what is wrong with it; Absent: there is no such thing.
    """
    if not isinstance(answer, dict | list):
        raise Garbled("not a JSON object or list")
    shape = shapes.get(f"{method} {path}")
    if shape is None:
        return -1
    if shape.more and _at(shape.more, answer):
        raise Garbled("there is another page, which is not read")
    if words := shape.refuses(answer):
        raise Garbled(words)
    if shape.notice:
        return -1
    found = _at(shape.at, answer)
    if (shape.absent and not found) or (shape.either and found == []):
        raise Absent("no such thing")
    if shape.rows or (shape.either and isinstance(found, list)):
        return _counted(shape, found)
    _has_fields(shape, found)
    return -1


def spoken(shapes: Mapping[str, Shape], call: tuple[str, str], status: int, answer: Any) -> Any:
    """The answer; {} in the place of none where an endpoint (method, path) says yes by silence.

    Raises:
        Garbled: it should have been silent, and was not.
    """
    shape = shapes.get(" ".join(call))
    if shape is None or not shape.silent:
        return answer
    if status != _NO_CONTENT or answer:
        raise Garbled("words where silence means yes")
    return {}


def _at(place: str, answer: Any) -> Any:
    for name in filter(None, place.split(".")):
        if not isinstance(answer, dict):
            raise Garbled(f"no {place} in it")
        answer = answer.get(name)
    return answer


def _counted(shape: Shape, found: Any) -> int:
    if not isinstance(found, list):
        raise Garbled(f"{shape.at or 'it'} is no list")
    kind = list if shape.lists else dict
    if not all(isinstance(row, kind) for row in found):
        raise Garbled("a row of another kind")
    for row in found:
        _has_fields(shape, row)
    if shape.groups:
        return sum(_grouped(shape, group) for group in found)
    return len(found) if shape.counted else -1


def _grouped(shape: Shape, group: dict[str, Any]) -> int:
    rows, total = group.get(shape.groups), group.get("total")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Garbled(f"a group without {shape.groups}")
    if str(total) != str(len(rows)):
        raise Garbled(f"{total} rows in a group that shows {len(rows)}")
    return len(rows)


def _has_fields(shape: Shape, found: Any) -> None:
    if shape.lists and isinstance(found, list):
        return  # places, not names; ccxt's parsers and our converters look at those
    if shape.lists or not isinstance(found, dict):
        raise Garbled(f"{shape.at or 'it'} is of another kind")
    missing = [name for name in shape.needs if found.get(name) is None]
    if missing:
        raise Garbled(f"no {missing[0]} in it")
