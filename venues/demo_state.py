"""What a demo desk's state file holds: its tills' changes, and where the prices stood.

The one rule: a file that cannot be gone on with whole is not gone on with at all; only a last
line that a kill has torn is left out, because nobody was told of it. Power loss may lose more,
which a demo accepts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from venues.state_file import StateUnreadable, read_lines
from venues.till import Change

FILE_NAME = "venue-state.jsonl"
VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Whose file this is: `book` is the ledger that it belongs to, `life` counts the openings."""

    version: int
    book: str
    seed: int
    life: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """The world's levels at a full hour (nano-log by asset)."""

    at_us: int
    levels: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldState:
    """Where the prices stood, and when; `hours` are those that were not told before."""

    at_us: int
    levels: Mapping[str, int]
    hours: tuple[Hour, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the file: what changed together."""

    header: Header | None = None
    changes: tuple[Change, ...] = ()
    world: WorldState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A whole file, read: every change in order, and where the prices stood last."""

    header: Header
    changes: tuple[Change, ...]
    world: WorldState


def read_state(path: Path, book: str | None) -> Saved:
    """What a demo desk left behind.

    Raises:
        StateUnreadable: when there is nothing that one could go on from.
    """
    lines, _ = read_lines(path, Line)
    headers = [line.header for line in lines if line.header]
    worlds = [line.world for line in lines if line.world]
    if not headers or not worlds or headers[-1].version != VERSION:
        raise StateUnreadable(f"{path.name} has no beginning that this version understands")
    header = headers[-1]
    if book is not None and header.book != book:
        raise StateUnreadable(f"{path.name} belongs to another book")
    changes = tuple(change for line in lines for change in line.changes)
    hours = {hour.at_us: hour for world in worlds for hour in world.hours}
    world = replace(worlds[-1], hours=tuple(hours[at_us] for at_us in sorted(hours)))
    return Saved(header=header, changes=changes, world=world)
