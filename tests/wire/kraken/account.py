"""Private endpoints about the account and the key: balances, fees, permissions, tokens."""

from decimal import Decimal

from domain.money import ZERO, exactly
from tests.wire.encode import fixed
from tests.wire.kraken.assets import ASSETS, LISTINGS
from tests.wire.kraken.call import PrivateHandler, Request, listing_of
from tests.wire.kraken.keys import FUNDS, OPEN, STREAM
from tests.wire.kraken.rows import fee_row
from tests.wire.kraken.venue import TOKEN_LIFE_S


def balance(request: Request) -> object:
    """Totals by asset."""
    return {
        ASSETS[a].rest: fixed(b, ASSETS[a].decimals) for a, b in request.venue.totals(request.owner)
    }


def balance_ex(request: Request) -> object:
    """Totals, and what open orders hold of them."""
    held = request.venue.exchange.held(request.owner)
    rows: dict[str, object] = {
        ASSETS[asset].rest: {
            "balance": fixed(total, ASSETS[asset].decimals),
            "hold_trade": fixed(held.get(asset, ZERO), ASSETS[asset].decimals),
        }
        for asset, total in request.venue.totals(request.owner)
    }
    hostile = request.venue.quirks.hostile.get("asset")
    if hostile:
        rows[hostile] = {"balance": "1.00000000", "hold_trade": "0.00000000"}
    return rows


def trade_balance(request: Request) -> object:
    """The account's worth in USD at last prices."""
    venue = request.venue
    worth = ZERO
    with exactly():
        for asset, total in venue.totals(request.owner):
            stats = venue.stats.get(f"{asset}/USD")
            worth += total * (stats.last if stats else Decimal(1))
    text, nothing = fixed(worth, 4), fixed(ZERO, 4)
    figures = {"eb": text, "tb": text, "m": nothing, "n": nothing, "c": nothing, "v": nothing}
    return {**figures, "e": text, "mf": text}


def trade_volume(request: Request) -> object:
    """The 30-day volume and the fees of the pairs asked for."""
    asked = request.text("pair")
    chosen = [listing_of(n) for n in asked.split(",")] if asked else list(LISTINGS.values())
    volume = request.venue.volumes.get(request.owner, ZERO)
    return {
        "currency": "ZUSD",
        "volume": fixed(volume, 4),
        "fees": {x.rest: fee_row(x.tiers()[1], volume) for x in chosen},
        "fees_maker": {x.rest: fee_row(x.tiers()[0], volume) for x in chosen},
    }


def api_key_info(request: Request) -> object:
    """What the key may do; needs no permission."""
    return request.key.row()


def websockets_token(request: Request) -> object:
    """A token for the private socket, good for 900 seconds."""
    return {"token": request.venue.token(request.key.key), "expires": TOKEN_LIFE_S}


ACCOUNT: dict[str, PrivateHandler] = {
    "Balance": PrivateHandler(balance, (FUNDS,)),
    "BalanceEx": PrivateHandler(balance_ex, (FUNDS,)),
    "TradeBalance": PrivateHandler(trade_balance, (FUNDS, OPEN)),
    "TradeVolume": PrivateHandler(trade_volume, (FUNDS,)),
    "GetApiKeyInfo": PrivateHandler(api_key_info),
    "GetWebSocketsToken": PrivateHandler(websockets_token, (STREAM,)),
}
