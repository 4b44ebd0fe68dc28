"""Private endpoints about the account and the key: wallets, fees, permissions, tokens."""

from collections.abc import Callable
from decimal import Decimal

from domain.money import ZERO
from tests.wire.book_keeping import Overdrawn
from tests.wire.kucoin.assets import text
from tests.wire.kucoin.call import PrivateHandler, Request, asset_of, listing_of
from tests.wire.kucoin.dialect import Denied, bad
from tests.wire.kucoin.keys import GENERAL, TRANSFER
from tests.wire.kucoin.public import book
from tests.wire.kucoin.rows import wallet_row
from tests.wire.kucoin.tokens import bullet
from tests.wire.kucoin.venue import funding_of

TRADING_WALLET, FUNDING_WALLET = "trade_hf", "main"
WALLETS = {"MAIN": False, "TRADE": True, "TRADE_HF": True}  # whether orders can use it
EVERY_LEVEL = 5000


def accounts(request: Request) -> object:
    """The wallets: all currencies of both, or of the kind asked for."""
    kind, asset = request.text("type"), request.text("currency")
    rows = [*_trading(request), *_funding(request)]
    hostile = request.venue.quirks.hostile.get("asset")
    if hostile:
        rows.append(wallet_row(request.owner, hostile, TRADING_WALLET, Decimal(1), ZERO))
    return [r for r in rows if kind in ("", r["type"]) and asset in ("", r["currency"])]


def opened(_request: Request) -> object:
    """Whether the account is a high-frequency one; every account here is."""
    return True


def account_mode(_request: Request) -> object:
    """Not a unified account."""
    return {"selfAccountMode": "CLASSIC"}


def margin_symbols(request: Request) -> object:
    """No pair can be traded on margin here."""
    return {"timestamp": request.venue.now_us() // 1000, "items": []}


def isolated_symbols(_request: Request) -> object:
    """Nor on isolated margin."""
    return []


def trade_fees(request: Request) -> object:
    """The account's own rates of the pairs asked for, ten at most."""
    asked = request.text("symbols").split(",")
    if not 0 < len(asked) <= 10:
        raise bad("symbols is invalid.")
    chosen = [listing_of(name) for name in asked]
    rates = [request.venue.fees(request.owner, listing.symbol) for listing in chosen]
    return [
        {"symbol": x.market_id, "takerFeeRate": text(taker), "makerFeeRate": text(maker)}
        for x, (maker, taker) in zip(chosen, rates, strict=True)
    ]


def api_key(request: Request) -> object:
    """What the key may do."""
    return request.key.row()


def bullet_private(request: Request) -> object:
    """Where sockets are, and a token for this account."""
    return bullet(request.venue, request.key.key)


def full_book(request: Request) -> object:
    """Every level of a book."""
    return book(request.venue, request.fields, EVERY_LEVEL)


def transfer(request: Request) -> object:
    """Move money between the two wallets."""
    source, target = request.text("fromAccountType"), request.text("toAccountType")
    if source not in WALLETS or target not in WALLETS or WALLETS[source] == WALLETS[target]:
        raise bad("accountType not in the given range")
    asset, amount = asset_of(request.text("currency")).code, request.amount("amount")
    try:
        reference = request.venue.transfer(request.owner, asset, amount, inwards=WALLETS[target])
    except Overdrawn as error:
        raise Denied("230003", "Balance insufficient!") from error
    return {"orderId": reference}


def _trading(request: Request) -> list[dict[str, object]]:
    held = request.venue.exchange.held(request.owner)
    return [
        wallet_row(request.owner, asset, TRADING_WALLET, total, held.get(asset, ZERO))
        for asset, total in request.venue.totals(request.owner)
    ]


def _funding(request: Request) -> list[dict[str, object]]:
    return [
        wallet_row(request.owner, asset, FUNDING_WALLET, total, ZERO)
        for asset, total in request.venue.totals(funding_of(request.owner))
    ]


def _reads(run: Callable[[Request], object]) -> PrivateHandler:
    return PrivateHandler(run, GENERAL)


ACCOUNT: dict[str, PrivateHandler] = {
    "GET v1/accounts": _reads(accounts),
    "GET v1/hf/accounts/opened": _reads(opened),
    "GET ua/v1/account/mode": _reads(account_mode),
    "GET v3/margin/symbols": _reads(margin_symbols),
    "GET v1/isolated/symbols": _reads(isolated_symbols),
    "GET v1/trade-fees": _reads(trade_fees),
    "GET v1/user/api-key": _reads(api_key),
    "POST v1/bullet-private": _reads(bullet_private),
    "GET v3/market/orderbook/level2": _reads(full_book),
    "POST v3/accounts/universal-transfer": PrivateHandler(transfer, TRANSFER),
}
