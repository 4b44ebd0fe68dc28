"""How each venue is asked to withdraw: its endpoint, its fields, and where its answer has the id.

Sources: the funding pages of each venue's API; ccxt 4.5.90 for the endpoints' names. ccxt's own
`withdraw` is not used: it sends KuCoin's amount as a binary number, translates networks, and
cuts amounts. The one rule: what a venue cannot be told is refused here, and never left out.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from domain.money import canonical
from domain.text import clean
from domain.withdrawals import Withdrawal
from venues.ccxt_fields import Fields, Malformed

Asked = Mapping[str, Any]
Fill = Callable[[Withdrawal, str, str], Asked]  # the request, the asset's id there, the source


class Refused(Exception):
    """The venue's own list says that this must not be sent; the text is for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One venue's form. `submit` is ccxt's method for the endpoint; `id_of` reads its answer.

    Where `ask` is named, it is read first, with `asked`, and `source` makes of the answer what
    `fill` needs, or raises Refused. `saved` says that the venue sends to saved addresses only.
    """

    submit: str
    fill: Fill
    id_of: Callable[[Any], str]
    network: bool = True
    tag: bool = True
    saved: bool = False
    ask: str = ""
    asked: Callable[[Withdrawal, str], tuple[Any, ...]] = lambda _, __: ()
    source: Callable[[Any, Withdrawal], str] = lambda _, __: ""


def refusal(request: Withdrawal, form: Form | None) -> str:
    """Why a withdrawal cannot be asked for there; "" when it can."""
    venue, reference = request.account.venue, request.reference
    if form is None:
        return f"{venue} takes no withdrawals over its API; withdraw at the venue itself"
    is_hex = len(reference) == 32 and set(reference) <= set("0123456789abcdef")  # noqa: PLR2004 - a UUID's digits
    reasons = (
        (not is_hex, f"the reference {clean(reference, longest=40)} is not 32 hexadecimal digits"),
        (request.amount <= 0, f"an amount of {canonical(request.amount)} cannot be withdrawn"),
        (not request.address, "there is no address"),
        (form.network and not request.network, f"{venue} must be told the network"),
        (
            not form.network and bool(request.network) and not form.saved,
            f"{venue} cannot be told a network, and {request.network} was approved",
        ),
        (not form.tag and bool(request.tag) and not form.saved, f"{venue} cannot be told a tag"),
        (form.saved and not request.saved_as, f"{venue} withdraws to saved addresses only"),
    )
    return next((reason for is_so, reason in reasons if is_so), "")


def _told(**fields: str) -> Asked:
    """The fields that say something, in this order."""
    return {name: told for name, told in fields.items() if told}


def _kraken(request: Withdrawal, asset: str, _: str) -> Asked:
    # The address goes along only to be compared with the saved one.
    return _told(
        asset=asset,
        key=request.saved_as,
        address=request.address,
        amount=canonical(request.amount),
    )


def _kraken_address(answer: Any, request: Withdrawal) -> str:
    """What Kraken has saved under the name must be what was approved, network and tag too."""
    rows = [Fields("address", row) for row in Fields("answer", answer).rows("result")]
    named = [row.row for row in rows if row.row.get("key") == request.saved_as]
    if len(named) != 1:
        raise Refused(f"{len(named)} addresses are saved as {clean(request.saved_as)}")
    (saved,) = named
    wanted = {
        "address": request.address,
        "method": request.network,
        "tag": request.tag or None,
        "verified": True,
    }
    for name, value in wanted.items():
        told = saved.get(name, saved.get("memo") if name == "tag" else None)
        if (told or None) != value:
            raise Refused(f"the saved {name} is {clean(told) or 'none'}, not {value or 'none'}")
    return request.saved_as


def _kucoin(request: Withdrawal, asset: str, _: str) -> Asked:
    return _told(
        currency=asset,
        toAddress=request.address,
        withdrawType="ADDRESS",
        chain=request.network,
        memo=request.tag,
        amount=canonical(request.amount),
        remark=request.reference,
    )


def _gate(request: Withdrawal, asset: str, _: str) -> Asked:
    return _told(
        withdraw_order_id=request.reference,
        currency=asset,
        chain=request.network,
        address=request.address,
        memo=request.tag,
        amount=canonical(request.amount),
    )


def _binance(request: Withdrawal, asset: str, _: str) -> Asked:
    # ccxt does not encode the fields of this one endpoint: a tag with "&" in it would be cut.
    return _told(
        coin=quote(asset, safe=""),
        withdrawOrderId=request.reference,
        network=quote(request.network, safe=""),
        address=quote(request.address, safe=""),
        addressTag=quote(request.tag, safe=""),
        amount=canonical(request.amount),
    )


def _mexc(request: Withdrawal, asset: str, _: str) -> Asked:
    return _told(
        coin=asset,
        withdrawOrderId=request.reference,
        netWork=request.network,
        address=request.address,
        memo=request.tag,
        amount=canonical(request.amount),
    )


def _coinbase(request: Withdrawal, asset: str, source: str) -> Asked:
    return _told(
        account_id=source,
        type="send",
        to=request.address,
        amount=canonical(request.amount),
        currency=asset,
        network=request.network,
        destination_tag=request.tag,
        idem=str(uuid.UUID(request.reference)),
    )


def _coinbase_account(answer: Any, request: Withdrawal) -> str:
    rows = [Fields("account", row) for row in Fields("answer", {"rows": answer}).rows("rows")]
    ids = [row.identity("id") for row in rows if row.row.get("code") == request.asset]
    if len(ids) != 1:
        raise Refused(f"{len(ids)} accounts there hold {request.asset}")
    return ids[0]


def _gemini(request: Withdrawal, asset: str, _: str) -> Asked:
    return _told(
        currency=asset,
        address=request.address,
        memo=request.tag,
        amount=canonical(request.amount),
        client_transfer_id=str(uuid.UUID(request.reference)),
    )


def _bitfinex(request: Withdrawal, _: str, __: str) -> Asked:
    # The method is asset and network in one word ("tetherusx").
    return _told(
        wallet="exchange",
        method=request.network,
        amount=canonical(request.amount),
        address=request.address,
        payment_id=request.tag,
    )


def _bitfinex_id(answer: Any) -> str:
    """The id out of a notification that says SUCCESS; 0 is none."""
    if (
        not isinstance(answer, list)
        or answer[6:7] != ["SUCCESS"]
        or not isinstance(answer[4], list)
    ):
        raise Malformed("answer", "status", answer)
    found = Fields("withdrawal", {"id": next(iter(answer[4]), None)}).identity("id")
    if found == "0":
        raise Malformed("answer", "id", found)
    return found


def _at(*names: str) -> Callable[[Any], str]:
    def read(answer: Any) -> str:
        found = Fields("answer", answer)
        for name in names[:-1]:
            found = found.inner(name) or Fields("answer", {})
        return found.identity(names[-1])

    return read


_BINANCE = Form(submit="sapi_post_capital_withdraw_apply", fill=_binance, id_of=_at("id"))
FORMS: Mapping[str, Form] = {
    "kraken": Form(
        submit="private_post_withdraw",
        fill=_kraken,
        id_of=_at("result", "refid"),
        network=False,
        tag=False,
        saved=True,
        ask="private_post_withdrawaddresses",
        asked=lambda request, asset: ({"asset": asset, "key": request.saved_as},),
        source=_kraken_address,
    ),
    "kucoin": Form(
        submit="private_post_withdrawals", fill=_kucoin, id_of=_at("data", "withdrawalId")
    ),
    "gate": Form(submit="private_withdrawals_post_withdrawals", fill=_gate, id_of=_at("id")),
    "binance": _BINANCE,
    "binanceus": _BINANCE,
    "mexc": Form(submit="spot_private_post_capital_withdraw", fill=_mexc, id_of=_at("id")),
    "coinbase": Form(
        submit="v2_private_post_accounts_account_id_transactions",
        fill=_coinbase,
        id_of=_at("data", "id"),
        ask="fetch_accounts",
        source=_coinbase_account,
    ),
    "gemini": Form(
        submit="private_post_v1_withdraw_currency",
        fill=_gemini,
        id_of=_at("withdrawalId"),
        network=False,
    ),
    "bitfinex": Form(submit="private_post_auth_w_withdraw", fill=_bitfinex, id_of=_bitfinex_id),
    # Alpaca ended withdrawals over its API on 2026-10-09 (docs.alpaca.markets, changelog).
}
