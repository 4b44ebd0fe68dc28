"""Runs the console in this terminal over a desk that moves: for a try-out, and for pty tests.

    python -m tests.console.play [board] [--crash] [--hang] [--attached] [--still]

`board` is a function of `tests.console.boards`. The desk of this script answers from a table;
it is no engine. Asks and kills are appended to the file named by QUARTERDECK_PLAY_LOG.
"""

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from domain import controls, events
from domain.asks import AcknowledgeAlarm, CancelOrder, Done, Release, SubmitOrder, Submitted, Trip
from domain.board import Board, NavPoint, at
from domain.events import Fact
from domain.fold import fold
from domain.orders import Side, Status
from tests.console import boards, facts, views
from tests.console.fakes import FakeDesk, Hang, standard_answers
from tests.console.hostile import PAYLOADS, Say, hostile_desk
from tui.options import Options
from tui.run import run_console

_SECRET = "hunter2-api-secret"  # a local of the crash below: it must not reach the terminal


class RecordingDesk(FakeDesk):
    """Writes the name of every ask into a file that the test reads."""

    async def ask(self, ask: Any) -> Any:
        note(type(ask).__name__)
        return await super().ask(ask)


def moving(desk: FakeDesk, stop: threading.Event) -> None:
    """Move prices, NAV and the clock, and fill an order now and then, ten times a second."""
    step = 0
    while not stop.wait(0.1):
        step += 1
        desk.board = moved(desk.board, step, time.time_ns() // 1_000)  # noqa: TID251  a try-out


def moved(board: Board, step: int, now_us: int) -> Board:
    """The board one step later."""
    prices, shift = board.prices, Decimal((step * 7919) % 41 - 20) / 20_000
    for venue in views.VENUES:
        for symbol in ("BTC/USDT", "ETH/USDT", "SOL/USDT"):
            if (step + len(venue) + len(symbol)) % 3 == 0:
                seen = views.price(venue, symbol, shift=str(shift), at_us=now_us)
                prices = prices.put(at(venue, symbol), seen)
    feeds = board.feeds
    for key, feed in board.feeds.items():
        fresh = type(feed)(**{**{n: getattr(feed, n) for n in feed.__slots__}, "message_us": now_us,
                              "poll_us": now_us, "heartbeat_us": now_us})  # fmt: skip
        feeds = feeds.put(key, fresh)
    nav = (*board.nav[-600:], NavPoint(at_us=now_us, nav=board.nav[-1].nav + shift * 90_000))
    depths = board.depths.put(
        at("kraken", "BTC/USDT"), views.depth("kraken", "BTC/USDT", at_us=now_us)
    )
    board = board.but(now_us=now_us, version=board.version + 1, prices=prices, feeds=feeds,
                      nav=nav if step % 10 == 0 else board.nav, depths=depths)  # fmt: skip
    return fold(board, _fill(step, now_us)) if step % 30 == 0 else board


def _fill(step: int, now_us: int) -> Fact:
    side = Side.BUY if step % 60 else Side.SELL
    ago = views.NOW_US - now_us
    return facts.filled(
        "", "kraken", "BTC/USDT", side, "0.0021", "62100.5", ago=ago, trade=f"P{step}"
    )


def _explode(_: str) -> str:
    password = _SECRET
    raise RuntimeError(f"could not sign with {password}")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("board", nargs="?", default="busy")
    for flag in ("--crash", "--hang", "--attached", "--still", "--no-mouse"):
        parser.add_argument(flag, action="store_true")
    flags = parser.parse_args()
    desk = RecordingDesk(boards.busy())
    desk.answers |= standard_answers(desk)
    if flags.board == "hostile":
        hostile = hostile_desk(Say(PAYLOADS))
        desk.board, desk.answers = hostile.board, hostile.answers
    else:
        made: Callable[[], Board] = getattr(boards, flags.board)
        desk.board = made().but(now_us=time.time_ns() // 1_000)  # noqa: TID251  a try-out
    desk.answers |= acting(desk)
    if flags.hang:
        desk.answers[Trip] = Hang
    stop = threading.Event()
    if not flags.still and desk.board.accounts:
        threading.Thread(target=moving, args=(desk, stop), daemon=True).start()
    options = Options(
        now_us=lambda: time.time_ns() // 1_000,  # noqa: TID251  a try-out
        monotonic_us=lambda: time.monotonic_ns() // 1_000,
        attached=flags.attached,
        mouse=not flags.no_mouse,
        export_dir=Path(os.environ.get("TMPDIR", "/tmp")) / "quarterdeck-exports",
        spawn_kill=_explode if flags.crash else _spawned,
    )
    if flags.crash:
        crash_when_asked(desk)
    reason = run_console(desk, operator=views.OPERATOR, options=options)
    stop.set()
    note(f"ended {reason}")
    sys.exit(1 if reason == "crash" else 0)


def note(text: str) -> None:
    """Append a line to the log that tests read."""
    log = os.environ.get("QUARTERDECK_PLAY_LOG", "")
    if log:
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")


def acting(desk: FakeDesk) -> dict[type[Any], Any]:
    """Answers that change the board as an engine would."""

    def told(*facts: Fact) -> Done:
        desk.board = boards.told(desk.board, facts)
        return Done()

    def submit(ask: SubmitOrder) -> Submitted:
        draft, client_id = ask.draft, f"QDA7PLAY{len(desk.asked):010d}"
        made = facts.approved(client_id, draft.account.venue, draft.symbol, draft.side,
                               str(draft.quantity), str(draft.price) if draft.price else None,
                               ago=views.NOW_US - desk.board.now_us)  # fmt: skip
        told(made, facts.acked(client_id))
        return Submitted(client_id=client_id, status=Status.OPEN)

    def cancel(ask: CancelOrder) -> Submitted:
        told(events.CancelRequested(at_us=desk.board.now_us, actor="ops",
                                    client_id=ask.client_id, reason="asked for"))  # fmt: skip
        return Submitted(client_id=ask.client_id, status=Status.PENDING_CANCEL)

    now, actor = desk.board.now_us, "ops"
    halt = desk.board.halts[0].halt_id if desk.board.halts else "h1"
    return {
        SubmitOrder: submit,
        CancelOrder: cancel,
        Trip: lambda _: told(*facts.trip_facts()),
        Release: lambda _: told(
            controls.HaltReleased(at_us=now, actor=actor, halt_id=halt, reason="")
        ),
        AcknowledgeAlarm: lambda _: told(
            controls.AlarmAcknowledged(at_us=now, actor=actor, alarm="")
        ),
    }


def _spawned(reason: str) -> str:
    note(f"spawned --kill {reason}")
    return "quarterdeck --kill was started (pid 4711)"


def crash_when_asked(desk: FakeDesk) -> None:
    """Make the next picture crash the console, with a secret in a local."""

    def broken(_: object) -> object:
        api_secret = _SECRET
        raise RuntimeError(f"a fault near {api_secret}")

    def plant() -> None:
        class Broken(type(desk.board.fills)):  # type: ignore[misc]
            __iter__ = broken

        desk.board = desk.board.but(fills=Broken(), now_us=desk.board.now_us + 1)

    threading.Timer(1.0, plant).start()


if __name__ == "__main__":
    main()
