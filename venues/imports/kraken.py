"""Kraken's exports: trades, and ledgers for deposits and withdrawals.

Followed: support.kraken.com, "How to interpret Trades history fields" and "How to interpret
Ledger history fields"; times are UTC there. `txid` of a trade and `refid` of a movement are the
ids that the interface tells, so they are the same facts. The one rule: of a ledger only money
from outside is taken; a trade stands there as two rows without its price.
"""

from collections.abc import Iterator

from domain.market import Movement
from domain.money import MONEY, ZERO
from domain.orders import Fill
from venues.imports.row import LeftOut, Row

# Old names of assets: with the class in front, and those that are called otherwise elsewhere.
_OLD = frozenset("XETC XETH XLTC XMLN XREP XXBT XXDG XXLM XXMR XXRP XZEC".split())  # noqa: SIM905
_OLD_CASH = frozenset("ZAUD ZCAD ZEUR ZGBP ZJPY ZUSD".split())  # noqa: SIM905 - as above
_CALLED = {"XBT": "BTC", "XDG": "DOGE", "FEE": "KFEE"}
_QUOTES = frozenset(
    ("PYUSD", "RLUSD", "USDT", "USDC", "USDQ", "USDR", "USDG", "EURQ", "EURR", "AED", "AUD", "CAD")
) | {"CHF", "DAI", "DOT", "ETH", "EUR", "GBP", "JPY", "SOL", "USD", "XBT", "BTC"}
_INSIDE = frozenset(
    {"spottostaking", "stakingtospot", "spotfromstaking", "stakingfromspot", "autoallocation"}
)
_TRADED = frozenset({"trade", "margin", "rollover", "settled"})


def trade(row: Row) -> Fill:
    """A row of trades.csv."""
    margin = row.number("margin")
    if margin:
        raise row.bad("margin", "a margin trade; only spot is kept here")
    symbol = symbol_of(row.text("pair"))
    if not symbol:
        raise row.bad("pair", "not a pair that is known")
    quantity, price = row.positive("vol"), row.positive("price")
    row.agree("cost", row.number("cost") or ZERO, quantity, price)
    return row.fill(
        at_us=row.at_us("time"),
        symbol=symbol,
        side=row.side("type"),
        quantity=quantity,
        price=price,
        fee=row.fee("fee"),
        fee_asset=symbol.partition("/")[2],
        trade_id=_required(row, "txid"),
        order_id=row.identity("ordertxid"),
    )


def entry(row: Row) -> Movement:
    """A row of ledgers.csv."""
    kind, subtype = row.text("type").lower(), row.text("subtype").lower()
    if kind in _TRADED:
        raise LeftOut("a trade: it comes with its price from Kraken's trades.csv")
    if subtype in _INSIDE:
        raise LeftOut("a move between wallets of the account")
    if kind not in ("deposit", "withdrawal"):
        raise row.bad("type", "neither deposit, withdrawal nor trade; write it as a plain row")
    if not row.text("txid"):
        raise LeftOut("not settled yet: the settled row has a txid")
    amount, fee = row.number("amount"), row.number("fee") or ZERO
    if not amount:
        raise row.bad("amount", "must not be 0")
    if (amount > ZERO) != (kind == "deposit") or fee < ZERO:
        raise row.bad("amount", f"a {kind} that was taken back; write it as a plain row")
    return row.movement(
        at_us=row.at_us("time"),
        asset=asset_of(row.asset("asset")),
        amount=amount,
        fee=MONEY.plus(fee),
        reference=_required(row, "refid"),
    )


def _required(row: Row, name: str) -> str:
    told = row.identity(name)
    if not told:
        raise row.bad(name, "Kraken's own id must be there")
    return told


def asset_of(name: str) -> str:
    """Kraken's name of an asset as everybody's: XXBT is BTC, ZUSD is USD."""
    plain = name[1:] if name in _OLD or name in _OLD_CASH else name
    return _CALLED.get(plain, plain)


def symbol_of(pair: str) -> str:
    """`XXBTZUSD`, `XBTUSDT` or `BTC/USD` as BASE/QUOTE; "" where it cannot be told."""
    for base, quote in _splits(pair):
        first, second = asset_of(base), asset_of(quote)
        if first != second and first.replace(".", "").isalnum() and first.isascii():
            return f"{first}/{second}"
    return ""


def _splits(pair: str) -> Iterator[tuple[str, str]]:
    if "/" in pair:
        base, _, quote = pair.partition("/")
        if quote.isalnum():
            yield base, quote
        return
    old = _OLD | _OLD_CASH
    if pair[-4:] in old and (pair[:-4] in old or pair[:-4] in ("USDT", "USDC")):
        yield pair[:-4], pair[-4:]
    for quote in sorted(_QUOTES, key=lambda name: (-len(name), name)):
        if pair.endswith(quote) and len(pair) > len(quote):
            yield pair.removesuffix(quote), quote
