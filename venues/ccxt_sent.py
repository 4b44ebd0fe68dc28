"""Withdrawals as ccxt lists them, turned into our values: also those that wait or have failed.

The one rule: our own reference is taken from a field that was ours to fill, and from no other.
"""

import re
from decimal import Decimal

from domain.instruments import Account
from domain.text import clean
from domain.withdrawals import VenueStatus, VenueWithdrawal
from venues.ccxt_fields import Fields

_HEX = re.compile(r"[0-9a-f]{32}")
_LONGEST = 130
_STATUSES = {
    "ok": VenueStatus.DONE,
    "pending": VenueStatus.PENDING,
    "failed": VenueStatus.FAILED,
    "canceled": VenueStatus.FAILED,
}
# Where each venue gives back what `ccxt_withdrawals` put there.
_REFERENCES = (
    "withdrawOrderId",
    "withdraw_order_id",
    "remark",
    "clientTransferId",
    "client_transfer_id",
    "idem",
)


def sent(answer: object, account: Account) -> VenueWithdrawal | None:
    """One withdrawal; None for a deposit.

    Raises:
        Malformed: for a row without an id, an amount, a time, or a status that is known.
    """
    row = Fields("withdrawal", answer)
    if row.word("type") == "deposit":
        return None
    status = _STATUSES.get(row.word("status"))
    if status is None:
        raise row.bad("status")
    at_us = row.milliseconds_us("timestamp")
    if not at_us:
        raise row.bad("timestamp")
    return VenueWithdrawal(
        account=account,
        venue_id=row.identity("id"),
        asset=row.asset("currency"),
        amount=row.positive("amount"),
        at_us=at_us,
        status=status,
        reference=_reference(row),
        address=_text(row, "addressTo") or _text(row, "address"),
        tag=_text(row, "tagTo") or _text(row, "tag"),
        txid=_text(row, "txid"),
        fee=_fee(row),
    )


def _fee(row: Fields) -> Decimal | None:
    fee = row.inner("fee")
    return None if fee is None else fee.number("cost")


def _text(row: Fields, field: str) -> str:
    raw = row.row.get(field)
    return clean(raw, longest=_LONGEST) if isinstance(raw, str | int) else ""


def _reference(row: Fields) -> str:
    info = row.inner("info")
    if info is None:
        return ""
    for field in _REFERENCES:
        told = _text(info, field).replace("-", "").lower()
        if _HEX.fullmatch(told):
            return told
    return ""
