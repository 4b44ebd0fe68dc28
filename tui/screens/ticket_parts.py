"""What the ticket says of an order before it is sent: value, room, every rule's verdict.

The one rule: every rule is shown with its figures; the one that decides is named first.
"""

from collections.abc import Iterator

from domain.board import Board
from domain.instruments import base_of, quote_of
from domain.money import MONEY
from domain.orders import Draft, Kind, Side
from domain.verdicts import RuleResult, Verdict
from tui.format import DASH, exact, money, percent, price, quantity, ratio_pct, short
from tui.freshness import STALE_MARK, prices_are_old
from tui.lines import FILL, Line, Lines, Part, fit, wrapped
from tui.stage import Picture
from tui.widgets.bars import bar, tone_of
from tui.words import side_tone, side_word

_SIGN, _RULE, _BAR, _FIGURES = 2, 26, 5, 12


def terms(draft: Draft) -> Line:
    """`BUY 0.05 BTC/USDT @ 62,000 limit GTC · kraken/main`: to the last digit typed."""
    at = "at market" if draft.price is None else f"@ {exact(draft.price)}"
    rest = f"{at} {draft.kind.value}"
    if draft.kind is Kind.LIMIT:
        rest += f" {draft.time_in_force.value}" + (" post-only" if draft.post_only else "")
    return [
        Part(side_word(draft.side), side_tone(draft.side)),
        Part(f" {exact(draft.quantity)} {draft.symbol}", "strong"),
        Part(f" {rest}"),
        Part(f" · {draft.account}", "dim"),
    ]


def market_line(board: Board, venue: str, symbol: str) -> Line:
    """`bid 62,099.0  ask 62,101.0  24 h ▲ +1.2%`, marked when it is old."""
    seen = board.price(venue, symbol)
    instrument = board.instrument(venue, symbol)
    if seen is None:
        return [Part("no price", "dim")]
    tick = instrument.tick if instrument else None
    mark = STALE_MARK if prices_are_old(board, venue) else ""
    tone = "stale" if mark else ""
    return [
        Part("bid ", "dim"),
        Part(f"{price(seen.bid, tick)}{mark}", tone),
        Part(" ask ", "dim"),
        Part(f"{price(seen.ask, tick)}{mark}", tone),
    ]


def room_lines(draft: Draft, verdict: Verdict, picture: Picture, missing: str) -> Lines:
    """Value, fee, what is free, the largest quantity that would pass; and what is missing."""
    board = picture.board
    instrument = board.instrument(draft.account.venue, draft.symbol)
    rate = instrument.fee_rate if instrument is not None else None
    fee = f"fee {percent(rate * 100, 2)}" if rate else ""
    value = picture.amount(f"{money(verdict.value)} {board.base_currency}")
    most = verdict.max_quantity
    room = DASH if most is None else picture.amount(quantity(most))
    first: Line = [Part("value     ", "dim"), Part(value, "strong"), FILL, Part(fee, "dim")]
    return [
        [Part(missing, "accent")] if missing else first,
        [Part("free      ", "dim"), Part(picture.amount(_free(draft, board))),
         FILL, Part("" if missing else away_from(draft, board), "dim")],
        [Part("most      ", "dim"), Part(room), Part(" would pass", "dim")],
    ]  # fmt: skip


def _free(draft: Draft, board: Board) -> str:
    view = board.accounts.get(draft.account)
    asset = quote_of(draft.symbol) if draft.side is Side.BUY else base_of(draft.symbol)
    balance = view.balances.assets.get(asset) if view and view.balances else None
    return f"{quantity(balance.free)} {asset}" if balance else f"no {asset}"


def verdict_lines(verdict: Verdict, width: int, *, probing: bool = False) -> Lines:
    """Every rule: those with figures on a line of their own, quiet ones together.

    `probing` is a verdict on the least order, while the form is not complete yet.
    """
    lines: list[Line] = []
    if not verdict.approved:
        lines.append([Part("✗ Refused by ", "halt"), Part(verdict.rule, "strong")])
        lines.extend([Part(f"  {row}", "warn")] for row in wrapped(verdict.reason, width - 2))
    elif probing:
        lines.append([Part("the room there is now", "dim")])
    else:
        lines.append([Part("✓ would pass", "ok")])
    lines.append([])
    measured = [result for result in verdict.results if result.limit is not None]
    lines.extend(_measured_line(result, width) for result in measured)
    lines.extend(_quiet_lines(verdict, width))
    return lines


def _measured_line(result: RuleResult, width: int) -> Line:
    limit = result.limit or MONEY.create_decimal(0)
    used = result.used + result.reserved + result.this
    sign, tone = ("✓", "ok") if result.passed else ("✗", "halt")
    if result.passed and tone_of(used, limit) != "bar":
        sign, tone = "!", "warn"
    figures = f"{short(used)}/{short(limit)}"
    name = min(_RULE, max(10, width - _SIGN - _BAR - _FIGURES))
    room = width - _SIGN - name - _FIGURES
    return [
        Part(f"{sign} ", tone),
        Part(fit(result.name, name - 1) + " "),
        *(bar(used, limit, room) if room > 0 else ()),
        Part(f"{figures:>{_FIGURES}}", "dim"),
    ]


def _quiet_lines(verdict: Verdict, width: int) -> Iterator[Line]:
    failed = [r for r in verdict.results if r.limit is None and not r.passed]
    for result in failed:
        yield [Part("✗ ", "halt"), Part(result.name, "strong")]
        if result.rule != verdict.rule:
            for row in wrapped(result.reason, width - 2):
                yield [Part(f"  {row}", "dim")]
    passed = [r.rule for r in verdict.results if r.limit is None and r.passed]
    for place, row in enumerate(wrapped(" · ".join(passed), width - 2) if passed else []):
        yield [Part("✓ " if not place else "  ", "ok"), Part(row, "dim")]


def away_from(draft: Draft, board: Board) -> str:
    """How far the price is from the middle of the market: `mid -0.16%`."""
    seen = board.price(draft.account.venue, draft.symbol)
    if draft.price is None or seen is None or not seen.mid:
        return ""
    off = ratio_pct(MONEY.subtract(draft.price, seen.mid), seen.mid)
    return f"mid {'+' if off > 0 else ''}{percent(off)}"
