"""What tests see of a screen: its text, its styles, its snapshot on disk.

`_compositor` is Textual's own; it is used here and nowhere else.
"""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rich.segment import Segment
from textual import events
from textual.app import App
from textual.pilot import Pilot

from domain.board import Board
from tests.console import boards, views
from tests.console.fakes import FakeClock, FakeDesk, answering, options
from tui.app import Console

SNAPSHOTS = Path(__file__).parent / "snapshots"
_NAMES = {".": "full_stop", "/": "slash"}
UPDATE = "QUARTERDECK_UPDATE_SNAPSHOTS"


def screen_text(app: App[Any]) -> str:
    """The screen as lines of text, without what trails."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(s.text for s in strip).rstrip() for strip in strips)


def screen_segments(app: App[Any]) -> Iterator[Segment]:
    """Every segment that is on the screen."""
    for strip in app.screen._compositor.render_strips():
        yield from strip


def assert_snapshot(app: App[Any], name: str) -> None:
    """The screen's text equals the one that was looked at and kept."""
    path, seen = SNAPSHOTS / f"{name}.txt", screen_text(app) + "\n"
    if os.environ.get(UPDATE):
        SNAPSHOTS.mkdir(exist_ok=True)
        path.write_text(seen, encoding="utf-8")
    assert seen == path.read_text(encoding="utf-8"), f"{name}: set {UPDATE}=1 and look at the diff"


class Played:
    """A console under a pilot, with its desk and clock."""

    def __init__(
        self, console: Console, pilot: Pilot[str], desk: FakeDesk, clock: FakeClock
    ) -> None:
        self.console = console
        self.pilot = pilot
        self.desk = desk
        self.clock = clock

    @property
    def text(self) -> str:
        return screen_text(self.console)

    async def press(self, *keys: str) -> None:
        """Press keys one after the other, each taken in before the next."""
        for key in keys:
            await self.pilot.press(key)
        await self.settle()

    async def burst(self, *keys: str) -> None:
        """Press keys all at once, as a terminal that was stopped hands them over."""
        for key in keys:
            character = key if len(key) == 1 else None
            self.console.post_message(events.Key(_NAMES.get(key, key), character))
        for _ in range(20):
            await self.settle()

    async def type(self, text: str) -> None:
        await self.press(*text)

    async def settle(self) -> None:
        """Let asks be answered and be drawn."""
        for _ in range(3):
            await self.pilot.pause()

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait for what time alone brings about; the test's own limit ends a wait in vain."""
        while not happened():
            await self.pilot.pause(0.02)
        await self.settle()

    async def rested(self) -> None:
        """Let the ticket's pause in typing pass, and what it asks for be answered."""
        await self.pilot.pause(0.2)
        await self.settle()

    async def show(self, board: Board) -> None:
        """Put another board on the desk, and have it polled."""
        self.desk.board = board
        await self.poll()

    async def poll(self, elapsed_us: int = views.SECOND) -> None:
        """Some time has passed: poll now."""
        self.clock.advance(elapsed_us)
        self.console.poll()
        await self.settle()


@asynccontextmanager
async def played(
    board: Board | None = None,
    *,
    size: tuple[int, int] = (120, 40),
    desk: FakeDesk | None = None,
    **changes: Any,
) -> AsyncIterator[Played]:
    """A console over a fake desk; it polls when the test says so."""
    made = desk or answering(board or boards.busy())
    clock = FakeClock()
    console = Console(made, operator=views.OPERATOR, options=options(clock, **changes))
    async with console.run_test(size=size, notifications=True) as pilot:
        session = Played(console, pilot, made, clock)
        await session.settle()
        yield session
