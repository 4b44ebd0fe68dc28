"""Boards and desks in which every word of a venue is hostile."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from domain import controls, events
from domain.asks import AcknowledgeAlarm, Check, Done, ReleasePreview
from domain.board import Alarm, Board, Break, Feed, Health, at
from domain.errors import Refused
from domain.figures import Explain, LotPage, Origin, ReadLots, ReadNav, ReadPnl, Share
from domain.instruments import Account, Instrument
from domain.market import AssetBalance, Balances, Mark
from domain.orders import Kind, Order, Side
from domain.performance import ReadBenchmark, ReadReturns
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
from domain.verdicts import RuleResult, Usage, Verdict
from domain.versions import ReadAllocations, VersionPage
from tests.console import boards, facts, figured, views
from tests.console.fakes import FakeDesk, standard_answers

D = Decimal
PAYLOADS = (
    "\x1b]52;c;cGF5bG9hZA==\x1b\\",
    "\x1b]0;owned\x07",
    "\x9b2J\x9b1;1H",
    "\x1b[2J\x1b[31mred",
    "[/]",
    "[/bold][red]",
    "[@click=app.kill]Order rejected[/]",
    "[@click='app.leave']here[/]",
    "\u202etxet desrever\u202c",
    "\u200b\ufeff\u2066",
    "line\none\r\n\x00two\x7f",
    "{markup} %s {0} $(id) `id`",
    "日本語 🏴\U000e0067\U000e007f e\u0301",
    "x" * 5_000,
    "=HYPERLINK(1)",
    "\ud800",
)


class Say:
    """Gives the next hostile text each time it is asked, so that every field says another one."""

    def __init__(self, texts: Sequence[str], first: int = 0) -> None:
        self._texts = texts
        self._next = first

    def __call__(self) -> str:
        self._next += 1
        return self._texts[(self._next - 1) % len(self._texts)]


def hostile_board(say: Say, *, halted: bool) -> Board:
    """A busy desk whose venues say hostile things wherever they may say anything."""
    board = boards.halting() if halted else boards.busy()
    board = boards.told(board, _facts(say))
    account = Account("kraken", say())
    feed = Feed(venue=say(), kind="prices", health=Health.STALE, message_us=1, attempt=2,
                problem=say(), remedy=say())  # fmt: skip
    symbol = f"{say()}/USD"
    view = board.accounts[views.ACCOUNTS["gate"]]
    held = {say(): AssetBalance(total=D(1)), "BTC": AssetBalance(total=D(2))}
    balances = Balances(account=view.account, assets=held, asked_us=1, at_us=views.NOW_US)
    seen = replace(views.price("kraken", "BTC/USDT"), symbol=symbol)
    return board.but(
        feeds=board.feeds.put(say(), feed),
        accounts=board.accounts.put(view.account, replace(view, balances=balances, problem=say())),
        instruments=board.instruments.put(
            at("kraken", symbol), Instrument(venue="kraken", symbol=symbol)
        ),
        prices=board.prices.put(at("kraken", symbol), seen),
        marks=board.marks.put(say(), Mark(asset=say(), value=D(3), at_us=1, source=say())),
        depths=board.depths.put(at("kraken", symbol), views.depth("kraken", "BTC/USDT")),
        alarms=(*board.alarms, Alarm(alarm=say(), severity=say(), text=say(), at_us=1)),
        breaks=(Break(break_id="b", kind=say(), account=account, detail=say(), at_us=1),),
        usage=(*board.usage, Usage(say(), D(1), D(0), D(2), say(), say())),
        limits={**board.limits, say(): say(), "max_order_value": "5000"},
        limits_pending={say(): say()},
        gateway=say(),
        run_id=say(),
    )


def _facts(say: Say) -> list[events.Fact]:
    order = Order(
        client_id=f"foreign:{say()}", account=views.ACCOUNTS["kraken"], symbol=f"{say()}/USD",
        side=Side.BUY, kind=Kind.LIMIT, quantity=D(1), price=D(2), strategy=say(), actor=say(),
        at_us=views.NOW_US,
    )  # fmt: skip
    known = next(iter(boards.busy().orders))
    fill = facts.filled("", "kraken", "BTC/USDT", Side.BUY, "1", "2", ago=0, trade=say() or "t")
    hostile_fill = replace(fill.fill, symbol=f"{say()}/USD", fee_asset=say(), liquidity=say())
    return [
        events.OrderApproved(
            at_us=views.NOW_US, actor=say(), order=order, verdict=Verdict(approved=True)
        ),
        events.OrderInDoubt(at_us=1, actor=say(), client_id=order.client_id, reason=say()),
        events.OrderRejected(at_us=1, actor=say(), client_id=known, code=say(), reason=say()),
        events.OrderAcked(at_us=1, actor=say(), client_id=known, venue_order_id=say()),
        events.OrderDenied(at_us=views.NOW_US, actor=say(), order=replace(order, client_id="d"),
                           rule=say() or "rule", reason=say()),
        replace(fill, fill=hostile_fill),
        controls.AlarmRaised(at_us=1, actor=say(), alarm="venue", severity="critical", text=say()),
    ]  # fmt: skip


def hostile_desk(say: Say, *, halted: bool = True) -> FakeDesk:
    """A desk over such a board, with answers that say the same kind of thing."""
    board = hostile_board(say, halted=halted)
    desk = FakeDesk(board)
    row = LedgerRow(seq=7, at_us=1, kind=say(), actor=say(), account=say(), key=say(),
                    payload=say(), previous=say(), hash=say())  # fmt: skip
    jsonish = replace(row, seq=6, payload='{"text": "\\u001b]52;c;x\\u0007 [/]", "n": 1}')
    line = LogLine(number=1, at_us=1, level=say(), logger=say(), text=say(), extra=say())
    verdict = Verdict(approved=False, rule=say(), reason=say(), results=(
        RuleResult(say(), passed=False, reason=say()),
        RuleResult(say(), passed=True, this=D(1), limit=D(2), unit=say()),
    ))  # fmt: skip
    fills = tuple(BookedFill(seq=9, fill=fill, source=say()) for fill in board.fills[:1])
    answers: dict[type[Any], Any] = {
        ReadLedger: LedgerPage(rows=(row, jsonish), total=2, older=False),
        ReadLogs: LogPage(lines=(line,), newest=1),
        ReadFills: FillPage(fills=fills, total=1, older=False),
        Check: verdict,
        ReleasePreview: Done(detail=say()),
        VerifyLedger: VerifyReport(result=say(), rows=1, head_seq=1, head_hash=say(), problem=say(),
                                   bad_seq=7, unproven=(say(),)),
        AcknowledgeAlarm: Refused(say(), say()),
    }  # fmt: skip
    desk.answers |= standard_answers(desk)
    desk.answers |= answers | hostile_figures(say)
    return desk


def hostile_figures(say: Say) -> dict[type[Any], Any]:
    """Figures in which every word that came from a venue, or from a file, is hostile."""
    report, pnl, lot = figured.nav_report(), figured.pnl(), figured.lots()[0]
    told = figured.explanation(Explain(figure="realised", asset="BTC"))
    line = replace(report.lines[0], account=say(), asset=say(), kind=say(), source=say())
    share = Share(name=say(), value=D(1), percent=None)
    origin = Origin(key=say(), seq=1, kind=say(), venue=say(), venue_id=say(), order_id=say())
    step = replace(told.steps[0], flag=say(), sold=origin, lot=origin)
    asset = replace(pnl.assets[0], asset=say())
    days = figured.returns(ReadReturns(limit=3))
    beside = figured.comparison(ReadBenchmark(limit=3))
    version = replace(figured.VERSION, actor=say(), program=say(), digest=say(), assets=(say(),))
    return {
        ReadNav: replace(
            report, lines=(line,), unpriced=(replace(line, value=None),), by_asset=(share,),
            by_venue=(share,), by_account=(share,), missing=(say(),), stale=(say(), line.asset),
            base_currency=say(),
        ),
        ReadPnl: replace(pnl, assets=(asset,), problem=(say(),), unpriced=(say(),)),
        ReadLots: LotPage(
            lots=(replace(lot, key=say(), asset=say(), account=say()),), total=1, more=False,
            scope=say(), method=say(),
        ),
        ReadAllocations: VersionPage(versions=(version,), total=1, older=False),
        Explain: replace(told, steps=(step,), total=1, figure=say()),
        ReadReturns: replace(days, days=(replace(days.days[0], unvalued=(say(),)),)),
        ReadBenchmark: replace(beside, weights={say(): D(1)}, waiting=say()),
    }  # fmt: skip
