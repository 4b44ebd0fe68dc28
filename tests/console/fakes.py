"""A desk for tests: the port over a hand-made board, with a scripted table of answers.

It is a real implementation of `domain.ports.Desk`; every ask is recorded in `asked`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from domain.asks import (
    Ask,
    Check,
    DemoCode,
    Done,
    ReleasePreview,
    SubmitOrder,
    Submitted,
    Trip,
    WatchDepth,
)
from domain.board import Board
from domain.errors import Unavailable
from domain.orders import Status
from domain.queries import (
    BookedFill,
    FillPage,
    LedgerPage,
    LedgerRow,
    LogLine,
    LogPage,
    ReadFills,
    ReadLedger,
    ReadLogs,
    VerifyLedger,
    VerifyReport,
)
from tests.console import figured, selling, views
from tests.console.verdicts import verdict_of
from tui.options import Options

R = TypeVar("R")
Answer = Callable[[Any], Any] | Any


class Hang:
    """An ask that is never answered."""


@dataclass
class FakeDesk:
    """`answers` maps an ask's class to its answer, an exception, a function, or `Hang`."""

    board: Board
    answers: dict[type[Ask[Any]], Answer] = field(default_factory=dict)
    asked: list[Ask[Any]] = field(default_factory=list)

    async def ask(self, ask: Ask[R]) -> R:
        """Answer from the table."""
        self.asked.append(ask)
        answer = self.answers.get(type(ask), Unavailable("the fake desk", "no answer is scripted"))
        if answer is Hang:
            await asyncio.Event().wait()
        if callable(answer):
            answer = answer(ask)
        if isinstance(answer, Exception):
            raise answer
        return cast("R", answer)

    async def watch(self) -> AsyncIterator[Board]:
        """The board whenever it is another one."""
        seen: Board | None = None
        while True:
            if self.board is not seen:
                seen = self.board
                yield seen
            await asyncio.sleep(0.01)

    def asked_for(self, kind: type[Ask[R]]) -> list[Any]:
        """Every ask of a kind so far."""
        return [ask for ask in self.asked if isinstance(ask, kind)]


@dataclass
class FakeClock:
    """A clock that tests move."""

    now: int = views.NOW_US
    monotonic: int = 1_000_000_000

    def now_us(self) -> int:
        return self.now

    def monotonic_us(self) -> int:
        return self.monotonic

    def advance(self, elapsed_us: int) -> None:
        self.now += elapsed_us
        self.monotonic += elapsed_us


def options(clock: FakeClock, **changes: Any) -> Options:
    """Options over a fake clock."""
    made = Options(now_us=clock.now_us, monotonic_us=clock.monotonic_us)
    return replace(made, **changes)


def answering(board: Board) -> FakeDesk:
    """A desk that answers every read with something plausible, and accepts orders."""
    desk = FakeDesk(board)
    desk.answers |= standard_answers(desk)
    return desk


# As `engine.release` words it.
PREVIEW = """\
scope GLOBAL: kill switch pressed in the console (by ops)
still against it: order QDA720KX9T3VQ2M7WZ is UNKNOWN
resumes: reducing orders at once, all orders after 60 s
does not happen: no position is closed, no cancelled order comes back
limits in force: version 14; the high-water mark is kept, unless it is told to be reset"""


def standard_answers(desk: FakeDesk) -> Mapping[type[Ask[Any]], Answer]:
    """What an idle desk answers."""
    return {
        Check: lambda ask: verdict_of(ask.draft, desk.board),
        SubmitOrder: lambda _: Submitted(client_id="QDA700NEW000000000", status=Status.OPEN),
        WatchDepth: Done(),
        Trip: Done(detail="halted"),
        ReleasePreview: Done(detail=PREVIEW),
        DemoCode: Done(detail="492 039 (for 24 s)"),
        ReadFills: lambda ask: fill_page(desk.board, ask),
        ReadLedger: ledger_page,
        ReadLogs: log_page,
        **figured.answers(),
        **selling.answers(),
        VerifyLedger: VerifyReport(
            result="OK",
            rows=8_812,
            head_seq=8_812,
            head_hash="9f3c51d2",
            unproven=("not sealed", "not anchored"),
        ),
    }


def fill_page(board: Board, ask: ReadFills) -> FillPage:
    """The board's fills as ledger pages of 1,204 fills in all."""
    top = ask.before_seq or 8_800
    rows = [
        BookedFill(seq=8_800 - 3 * number, fill=fill, source="stream")
        for number, fill in enumerate(board.fills)
        if 8_800 - 3 * number < top or not ask.before_seq
    ]
    return FillPage(fills=tuple(rows[: ask.limit]), total=1_204, older=bool(rows))


KINDS = (
    ("fill_booked", "engine", ('{"fill":{"symbol":"BTC/USDT","side":"buy","quantity":"0.021",'
     '"price":"62050","trade_id":"K88100"},"source":"stream","v":1,"actor":"engine"}')),
    ("order_acked", "engine", '{"client_id":"QDA700KX9T3VQ2M7WZ","venue_order_id":"V-M7WZ","v":1}'),
    ("order_approved", "ops", ('{"order":{"symbol":"BTC/USDT","side":"buy","kind":"limit",'
     '"quantity":"0.05","price":"62000"},"verdict":{"approved":true},"v":1,"actor":"ops"}')),
    ("order_denied", "ops", ('{"rule":"max_order_value","reason":"order value 7,399.42 USD is over '
     '5,000.00 USD","v":1}')),
    ("alarm_raised", "engine", '{"alarm":"disk","severity":"critical","text":"0.8 GB left"}'),
    ("nav_marked", "engine", '{"local_date":"2026-11-20","nav":"102345.12","high_water":"104500"}'),
)  # fmt: skip


def ledger_page(ask: ReadLedger) -> LedgerPage:
    """Rows of a ledger of 8,812."""
    newest = min(8_812, (ask.before_seq or 8_813) - 1)
    rows = []
    for seq in range(newest, max(0, newest - ask.limit), -1):
        kind, actor, payload = KINDS[seq % len(KINDS)]
        rows.append(LedgerRow(
            seq=seq, at_us=views.NOW_US - (8_812 - seq) * 7_300_000, kind=kind, actor=actor,
            account="kraken/main" if seq % 3 else "", key=f"k:{seq}", payload=payload,
            previous=f"{seq - 1:064x}", hash=f"{(seq * 2654435761) % 2**32:08x}" * 8,
        ))  # fmt: skip
    return LedgerPage(rows=tuple(rows), total=8_812, older=newest - ask.limit > 0)


LINES = (
    ("INFO", "engine.streams", "kraken account stream: fill K88147 BUY 0.0210 BTC/USDT at 62050.0"),
    ("DEBUG", "venues.ccxt", "GET /0/private/OpenOrders 200 in 48 ms"),
    ("INFO", "engine.trading", "order QDA700KX9T3VQ2M7WZ accepted by kraken as V-M7WZ"),
    ("WARNING", "engine.streams", (
        "gate prices: no message for 9 s, dialling again (attempt 3), "
        "the next attempt follows in 4 s with a jittered back-off of at most 60 s"
    )),
    ("INFO", "engine.reconcile", "kucoin/main: balances equal the book in 3 assets"),
    ("ERROR", "engine.trading", "mexc did not answer a create in 10 s: UNKNOWN, looking it up"),
)  # fmt: skip


def log_page(ask: ReadLogs) -> LogPage:
    """A log of 240 lines."""
    lines = []
    for number in range(ask.after + 1, 241):
        level, logger, text = LINES[number % len(LINES)]
        lines.append(LogLine(
            number=number, at_us=views.NOW_US - (240 - number) * 1_700_000, level=level,
            logger=logger, text=text, extra='{"venue": "kraken", "ms": 48}',
        ))  # fmt: skip
    return LogPage(lines=tuple(lines[: ask.limit]), newest=240)
