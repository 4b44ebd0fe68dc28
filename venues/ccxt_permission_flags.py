"""Keys of venues that tell flags of a key, or of the account alone: Binance, Coinbase, Gemini, ….

Sources stand with each row. The one rule: an endpoint is only asked when it changes nothing:
MEXC's `apiKeyInfo` sets a key's addresses when it is posted, so it is not among them.
"""

from collections.abc import Mapping
from typing import Any

from domain.keys import Purpose
from venues.ccxt_fields import Fields
from venues.ccxt_permissions import (
    HARMLESS,
    LEVERAGES,
    LOOKS,
    TRADES,
    TRANSFERS,
    WITHDRAWS,
    Permissions,
    Question,
    Rights,
    Told,
    flags_in,
    uid_in,
    words_in,
)

# developers.binance.com: "Get API Key Permission"; the account's `uid` in "Account information".

_BINANCE_RIGHTS: Mapping[str, Rights] = {
    "enableReading": LOOKS,
    "enableFixReadOnly": LOOKS,
    "enableSpotAndMarginTrading": TRADES,
    "enableFixApiTrade": TRADES,
    "enableMargin": LEVERAGES,
    "enableFutures": LEVERAGES,
    "enableVanillaOptions": LEVERAGES,
    "enablePortfolioMarginTrading": HARMLESS,  # on for every key, and nothing by itself
    "enableInternalTransfer": TRANSFERS,
    "permitsUniversalTransfer": TRANSFERS,
    "enableWithdrawals": WITHDRAWS,
}


def _binance_key(answer: Any, _: str) -> Told:
    told = Fields("key", answer)
    if "enableReading" not in told.row:
        raise told.bad("enableReading")
    restricted = told.row.get("ipRestrict")
    others = (name for name in told.row if name.startswith("enable") and told.row[name] is True)
    return Told(
        words=words_in((*flags_in(told, _BINANCE_RIGHTS), *others)),
        bound=restricted if isinstance(restricted, bool) else None,
        created_us=told.milliseconds_us("createTime"),
        expires_us=told.milliseconds_us("tradingAuthorityExpirationTime"),
    )


def _binance_account(answer: Any, _: str) -> Told:
    return Told(uid=uid_in(Fields("account", answer).row.get("uid")))


BINANCE = Permissions(
    questions=(
        Question("sapi_get_account_apirestrictions", _binance_key),
        Question("private_get_account", _binance_account),
    ),
    rights=_BINANCE_RIGHTS,
    needs={
        Purpose.READ: {"Enable Reading": ("enableReading",)},
        Purpose.TRADE: {"Enable Spot & Margin Trading": ("enableSpotAndMarginTrading",)},
        Purpose.WITHDRAW: {"Enable Withdrawals": ("enableWithdrawals",)},
    },
)


# docs.cdp.coinbase.com: "Get API Key Permissions"; a key belongs to one portfolio.

_COINBASE_RIGHTS = {"can_view": LOOKS, "can_trade": TRADES, "can_transfer": WITHDRAWS}


def _coinbase(answer: Any, _: str) -> Told:
    told = Fields("key", answer)
    if "can_view" not in told.row:
        raise told.bad("can_view")
    return Told(words=flags_in(told, _COINBASE_RIGHTS), uid=uid_in(told.row.get("portfolio_uuid")))


COINBASE = Permissions(
    questions=(Question("v3_private_get_brokerage_key_permissions", _coinbase),),
    rights=_COINBASE_RIGHTS,
    needs={
        Purpose.READ: {"View": ("can_view",)},
        Purpose.TRADE: {"Trade": ("can_trade",)},
        Purpose.WITHDRAW: {"Transfer": ("can_transfer",)},
    },
)


# docs.gemini.com/roles and developer.gemini.com: "Roles Endpoint".

_GEMINI_RIGHTS: Mapping[str, Rights] = {
    "isAuditor": LOOKS,
    "isTrader": (*LOOKS, *TRADES),
    "isFundManager": (*LOOKS, *WITHDRAWS),
    "isAccountAdmin": TRANSFERS,
}


def _gemini(answer: Any, _: str) -> Told:
    told = Fields("key", answer)
    if "isAuditor" not in told.row:
        raise told.bad("isAuditor")
    return Told(words=flags_in(told, _GEMINI_RIGHTS), uid=uid_in(told.row.get("counterparty_id")))


GEMINI = Permissions(
    questions=(Question("private_post_v1_roles", _gemini),),
    rights=_GEMINI_RIGHTS,
    needs={
        Purpose.READ: {"Auditor": ("isAuditor", "isTrader")},
        Purpose.TRADE: {"Trader": ("isTrader",)},
        Purpose.WITHDRAW: {"Fund Manager": ("isFundManager",)},
    },
)


# docs.alpaca.markets: "Get account". Its keys have no scopes: each can do everything.


def _alpaca(answer: Any, _: str) -> Told:
    told = Fields("account", answer)
    shut = flags_in(told, ("account_blocked", "trading_blocked", "transfers_blocked"))
    return Told(uid=uid_in(told.row.get("account_number")), lacks=shut)


ALPACA = Permissions(
    questions=(Question("trader_private_get_v2_account", _alpaca),),
    why_not="its keys cannot be limited: each can do everything that the account can",
)


# mexc.com/api-docs/spot-v3: "Query UID".


def _mexc(answer: Any, _: str) -> Told:
    return Told(uid=uid_in(Fields("account", answer).row.get("uid")))


MEXC = Permissions(
    questions=(Question("spot_private_get_uid", _mexc),),
    why_not="its API does not tell what a key may do",
)
