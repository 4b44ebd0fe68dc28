"""From what is typed to an order: pure reading of the ticket's fields and of command words.

The one rule: nothing is guessed. A field that cannot be read is said, with what it needs, and
no draft is made.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from domain.board import Board
from domain.instruments import Account, Instrument
from domain.money import MONEY, NotANumber, canonical, number, round_down
from domain.orders import Draft, Kind, Side, TimeInForce
from tui.freshness import accounts

_SIDES = {"buy": Side.BUY, "b": Side.BUY, "sell": Side.SELL, "s": Side.SELL}
_SHARES = {"25%": Decimal("0.25"), "50%": Decimal("0.5"), "75%": Decimal("0.75"), "max": Decimal(1)}
SHARES = tuple(_SHARES)


class Form(NamedTuple):
    """The ticket's fields as they are typed."""

    account: str = ""
    symbol: str = ""
    side: str = Side.BUY.value
    kind: str = Kind.LIMIT.value
    time_in_force: str = TimeInForce.GTC.value
    post_only: bool = False
    quantity: str = ""
    price: str = ""


class Incomplete(ValueError):
    """A field that is missing or cannot be read; the text says what it needs."""


def draft_of(form: Form, board: Board) -> Draft:
    """The order that the form describes.

    Raises:
        Incomplete: naming the first field that is missing or unreadable.
    """
    if form.account not in board.accounts:
        raise Incomplete("choose an account")
    account = Account.parse(form.account)
    symbol = form.symbol.strip().upper()
    if board.instrument(account.venue, symbol) is None:
        raise Incomplete(f"{account.venue} does not list {symbol}" if symbol else "type a symbol")
    kind = Kind(form.kind)
    limit = kind is Kind.LIMIT
    return Draft(
        account=account,
        symbol=symbol,
        side=Side(form.side),
        kind=kind,
        quantity=_positive(form.quantity, "quantity"),
        price=_positive(form.price, "price") if limit else None,
        time_in_force=TimeInForce(form.time_in_force) if limit else TimeInForce.GTC,
        post_only=form.post_only and limit,
    )


def _positive(text: str, field: str) -> Decimal:
    plain = text.replace(",", "").replace("'", "").strip()
    if not plain:
        raise Incomplete(f"type a {field}")
    try:
        value = number(plain)
    except NotANumber:
        raise Incomplete(f"the {field} is not a number") from None
    if value <= 0:
        raise Incomplete(f"the {field} must be over zero")
    return value


def probe_of(form: Form, board: Board) -> Draft | None:
    """The least order of the form's kind, to learn what room there is; None without a symbol.

    What is missing is filled with the least quantity and the middle of the market.
    """
    venue = form.account.partition("/")[0]
    symbol = form.symbol.strip().upper()
    instrument, seen = board.instrument(venue, symbol), board.price(venue, symbol)
    if instrument is None or seen is None or seen.mid is None:
        return None
    least = instrument.min_quantity or instrument.lot or Decimal(1)
    tick = instrument.tick
    middle = round_down(seen.mid, tick) if tick else seen.mid
    quantity = form.quantity if _reads(form.quantity) else canonical(least)
    price = form.price if _reads(form.price) else canonical(middle)
    try:
        return draft_of(form._replace(quantity=quantity, price=price), board)
    except Incomplete:
        return None


def _reads(text: str) -> bool:
    try:
        return bool(_positive(text, ""))
    except Incomplete:
        return False


def symbols_of(board: Board, venue: str) -> list[str]:
    """The symbols that a venue lists and trades, in order."""
    listed = (one for one in board.instruments.values() if one.venue == venue and one.active)
    return sorted(instrument.symbol for instrument in listed)


def share_of(most: Decimal, chip: str, instrument: Instrument | None) -> str:
    """A share of the largest quantity that would pass, in whole lots, as text."""
    wanted = MONEY.multiply(most, _SHARES[chip])
    return canonical(instrument.whole_lots(wanted) if instrument is not None else wanted)


def words_of(text: str, board: Board) -> Form:
    """The form that words describe: `buy 0.1 BTC/USD @60000 kraken`, in any order.

    Unknown words are left out; what they were meant for stays empty and visible.
    """
    form = Form(kind=Kind.MARKET.value if "market" in text.lower().split() else Kind.LIMIT.value)
    for word in text.split():
        form = _with_word(form, word, board)
    return form if form.account else form._replace(account=_account_for(form.symbol, board))


def _with_word(form: Form, word: str, board: Board) -> Form:
    lower = word.lower()
    if lower in _SIDES:
        return form._replace(side=_SIDES[lower].value)
    if word.startswith("@"):
        return form._replace(price=word[1:])
    named = [account for account in accounts(board) if _names(account, lower)]
    if named:
        return form._replace(account=str(named[0]))
    if "/" in word:
        return form._replace(symbol=word.upper())
    try:
        number(word.replace(",", ""))
    except NotANumber:
        return form
    return form._replace(quantity=word)


def _names(account: Account, word: str) -> bool:
    return word in (account.lower(), account.venue.lower())


def _account_for(symbol: str, board: Board) -> str:
    """The first account whose venue lists the symbol, else the first account."""
    every = accounts(board)
    listing = [one for one in every if board.instrument(one.venue, symbol) is not None]
    return str(next(iter(listing or every), ""))


def completed(typed: str, symbols: Iterable[str]) -> str:
    """The symbol that is meant by its beginning, if only one is; else what was typed."""
    wanted = typed.strip().upper()
    matching = [symbol for symbol in symbols if symbol.upper().startswith(wanted)]
    return matching[0] if wanted and len(matching) == 1 else wanted


def beside(symbol: str, symbols: Sequence[str], step: int) -> str:
    """The next or previous symbol of the list; from a part of one, the nearest."""
    if not symbols:
        return symbol
    wanted = symbol.strip().upper()
    if wanted in symbols:
        return symbols[(symbols.index(wanted) + step) % len(symbols)]
    following = [one for one in symbols if one.upper() >= wanted]
    return following[0] if following else symbols[0]
