"""Keys of venues that list words for what a key may do: Kraken, KuCoin, Gate, Bitfinex.

Sources stand with each row. The one rule: an endpoint is only asked when it changes nothing.
"""

from typing import Any

from domain.keys import Purpose, Right
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
    Told,
    addresses_in,
    part_of,
    text_in,
    uid_in,
    words_in,
)

# docs.kraken.com: "Get API Key Info" and "API key permissions".


def _kraken(answer: Any, _: str) -> Told:
    told = part_of(answer, "result")
    words = told.row.get("permissions")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise told.bad("permissions")
    # A key that sees only some days shows lists that look whole and are not.
    hidden = [name for name in ("queryFrom", "queryTo") if told.seconds_us(name)]
    return Told(
        words=words_in(words),
        addresses=addresses_in(told.row.get("ipAllowlist"), told, "ipAllowlist"),
        uid=uid_in(told.row.get("iban")),
        created_us=told.seconds_us("createdTime"),
        expires_us=told.seconds_us("validUntil"),
        lacks=("a view without query dates",) if hidden else (),
    )


KRAKEN = Permissions(
    questions=(Question("private_post_getapikeyinfo", _kraken),),
    rights={
        "query-funds": LOOKS,
        "query-open-trades": LOOKS,
        "query-closed-trades": LOOKS,
        "query-ledger": LOOKS,
        "export-data": LOOKS,
        "create-ws-token": HARMLESS,
        "access-websockets-api": HARMLESS,
        "add-funds": HARMLESS,
        "modify-trades": (Right.PLACE,),
        "close-trades": (Right.CANCEL,),
        "earn-funds": TRANSFERS,
        "add-withdraw-address": (Right.ADDRESSES,),
        "update-withdraw-address": (Right.ADDRESSES,),
        "withdraw-funds": WITHDRAWS,
    },
    needs={
        Purpose.READ: {
            "Funds: Query": ("query-funds",),
            "Query open orders & trades": ("query-open-trades",),
            "Query closed orders & trades": ("query-closed-trades",),
            "WebSocket interface": ("create-ws-token", "access-websockets-api"),
        },
        Purpose.TRADE: {
            "Create & modify orders": ("modify-trades",),
            "Cancel & close orders": ("close-trades",),
        },
        Purpose.WITHDRAW: {"Funds: Withdraw": ("withdraw-funds",)},
    },
)


# kucoin.com/docs-new: "Get Apikey Info"; withdrawals "require the Transfer permission".


def _kucoin(answer: Any, _: str) -> Told:
    told = part_of(answer, "data")
    words = text_in(told, "permission")
    if not words:
        raise told.bad("permission")
    return Told(
        words=words_in(word.strip() for word in words.split(",")),
        addresses=addresses_in(told.row.get("ipWhitelist"), told, "ipWhitelist"),
        uid=uid_in(told.row.get("uid")),
        created_us=told.milliseconds_us("createdAt"),
    )


KUCOIN = Permissions(
    questions=(Question("private_get_user_api_key", _kucoin),),
    rights={
        "General": LOOKS,
        "Spot": TRADES,
        "Trade": TRADES,
        "Margin": LEVERAGES,
        "Futures": LEVERAGES,
        "Earn": TRANSFERS,
        "InnerTransfer": TRANSFERS,
        "FlexTransfers": TRANSFERS,
        "Transfer": WITHDRAWS,
        "Withdrawal": WITHDRAWS,
    },
    needs={
        Purpose.READ: {"General": ("General",)},
        Purpose.TRADE: {"General": ("General",), "Spot": ("Spot", "Trade")},
        Purpose.WITHDRAW: {"General": ("General",), "Withdrawal": ("Transfer", "Withdrawal")},
    },
)


# gate.com/docs/developers/apiv4: "Retrieve user account information", and "Query All Main
# Account Key Information", where a key is shown with its end hidden.

_GATE_LOOKS = ("account", "spot", "wallet", "unified", "margin", "futures", "delivery", "options")


def _gate_account(answer: Any, _: str) -> Told:
    told = Fields("account", answer)
    return Told(
        addresses=addresses_in(told.row.get("ip_whitelist"), told, "ip_whitelist"),
        uid=uid_in(told.row.get("user_id")),
    )


def _gate_keys(answer: Any, key: str) -> Told:
    rows = [Fields("key", row) for row in answer] if isinstance(answer, list) else []
    mine = [row for row in rows if _is_shown_as(key, text_in(row, "key"))]
    if len(mine) != 1:
        return Told()  # a sub-account's key is not listed, and two can look alike
    (told,) = mine
    words = []
    for row in told.rows("perms"):
        one = Fields("permission", row)
        words.append(f"{text_in(one, 'name')}{':read' if one.row.get('read_only') else ''}")
    return Told(words=words_in(words), created_us=told.seconds_us("created_at"))


def _is_shown_as(key: str, shown: str) -> bool:
    begins = shown.rstrip("*")
    return bool(begins) and (key == shown or (begins != shown and key.startswith(begins)))


GATE = Permissions(
    questions=(
        Question("private_account_get_detail", _gate_account),
        Question("private_account_get_main_keys", _gate_keys),
    ),
    rights={
        **{f"{name}:read": LOOKS for name in _GATE_LOOKS},
        "withdraw:read": LOOKS,
        "earn:read": LOOKS,
        "loan:read": LOOKS,
        "custody:read": LOOKS,
        "account": LOOKS,
        "spot": (*LOOKS, *TRADES),
        "wallet": (*LOOKS, *TRANSFERS),
        "custody": TRANSFERS,
        "earn": TRANSFERS,
        "loan": LEVERAGES,
        "margin": LEVERAGES,
        "unified": LEVERAGES,
        "futures": LEVERAGES,
        "delivery": LEVERAGES,
        "options": LEVERAGES,
        "withdraw": WITHDRAWS,
    },
    needs={
        Purpose.READ: {
            "Spot: read only": ("spot", "spot:read"),
            "Wallet": ("wallet", "wallet:read"),
        },
        Purpose.TRADE: {"Spot": ("spot",)},
        Purpose.WITHDRAW: {"Withdraw": ("withdraw",)},
    },
    why_not="it tells the rights of main account keys only",
)


# docs.bitfinex.com: "Key Permissions" and "User Info".

_BITFINEX_SCOPES = ("account", "history", "orders", "positions", "funding", "settings", "wallets")


def _bitfinex_key(answer: Any, _: str) -> Told:
    words = []
    rows = answer if isinstance(answer, list) else None
    for row in rows or [None]:
        if not isinstance(row, list) or len(row) < 3 or not isinstance(row[0], str):  # noqa: PLR2004
            raise Fields("key", {"permissions": row}).bad("permissions")
        words += [f"{row[0]}:{what}" for what, on in (("read", row[1]), ("write", row[2])) if on]
    return Told(words=words_in(words))


def _bitfinex_user(answer: Any, _: str) -> Told:
    return Told(uid=uid_in(answer[0]) if isinstance(answer, list) and answer else "")


BITFINEX = Permissions(
    questions=(
        Question("private_post_auth_r_permissions", _bitfinex_key),
        Question("private_post_auth_r_info_user", _bitfinex_user),
    ),
    rights={
        **{f"{scope}:read": LOOKS for scope in (*_BITFINEX_SCOPES, "withdraw", "ui_withdraw")},
        "bfxpay:read": LOOKS,
        "account:write": HARMLESS,
        "history:write": HARMLESS,
        "settings:write": HARMLESS,
        "bfxpay:write": HARMLESS,
        "orders:write": TRADES,
        "positions:write": LEVERAGES,
        "funding:write": LEVERAGES,
        "wallets:write": TRANSFERS,
        "withdraw:write": WITHDRAWS,
        "ui_withdraw:write": WITHDRAWS,
    },
    needs={
        Purpose.READ: {
            "Orders: read": ("orders:read", "orders:write"),
            "Wallets: read": ("wallets:read", "wallets:write"),
            "Account history: read": ("history:read", "history:write"),
        },
        Purpose.TRADE: {"Orders: create and cancel": ("orders:write",)},
        Purpose.WITHDRAW: {"Withdrawals: write": ("withdraw:write",)},
    },
)
