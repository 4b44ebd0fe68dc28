"""Private endpoints about money from and to outside."""

from domain.money import NotANumber, exactly, number
from tests.wire.book_keeping import Overdrawn
from tests.wire.encode import fixed
from tests.wire.kraken.assets import ASSETS
from tests.wire.kraken.call import PrivateHandler, Request, asset_of
from tests.wire.kraken.dialect import BAD_ARGUMENTS, POOR_FUNDING, UNKNOWN_WITHDRAW_KEY, Denied
from tests.wire.kraken.history import PAGE
from tests.wire.kraken.keys import FUNDS, LEDGER, WITHDRAW
from tests.wire.venue import Transfer


def deposit_status(request: Request) -> object:
    """The newest deposits."""
    return _listed(request, "deposit")


def withdraw_status(request: Request) -> object:
    """The newest withdrawals."""
    return _listed(request, "withdrawal")


def withdraw(request: Request) -> object:
    """Send money to an address that was set up on the website under `key`."""
    asset = asset_of(request.text("asset"))
    known = request.venue.addresses.get(request.text("key"))
    if known is None or known[0] != asset.code:
        raise Denied(UNKNOWN_WITHDRAW_KEY)
    if request.text("address") not in ("", known[1]):
        raise Denied("EFunding:Invalid withdrawal address")
    try:
        amount = number(request.text("amount"))
    except NotANumber as error:
        raise Denied(f"{BAD_ARGUMENTS}:amount") from error
    with exactly():
        net = amount - asset.withdrawal_fee
    if net <= 0:
        raise Denied("EFunding:Invalid amount")
    try:
        sent = request.venue.withdraw(
            request.owner, asset.code, net, asset.withdrawal_fee, key=request.text("key")
        )
    except Overdrawn as error:
        raise Denied(POOR_FUNDING) from error
    return {"refid": sent.reference}


def _listed(request: Request, kind: str) -> list[dict[str, object]]:
    asked = request.text("asset")
    code = asset_of(asked).code if asked else None
    mine = [
        transfer
        for transfer in reversed(request.venue.transfers)
        if (transfer.owner, transfer.kind) == (request.owner, kind)
        and code in (None, transfer.asset)
        and request.venue.seen("ledgers", transfer.at_us)
    ]
    return [_row(transfer) for transfer in mine[:PAGE]]


def _row(transfer: Transfer) -> dict[str, object]:
    asset = ASSETS[transfer.asset]
    row: dict[str, object] = {
        "method": asset.network,
        "aclass": "currency",
        "asset": asset.rest,
        "refid": transfer.reference,
        "txid": transfer.txid or None,
        "info": transfer.address,
        "amount": fixed(transfer.amount, asset.decimals),
        "fee": fixed(transfer.fee, asset.decimals),
        "time": transfer.at_us // 1_000_000,
        "status": transfer.status,
    }
    if transfer.kind == "withdrawal":
        row |= {"key": transfer.key, "network": asset.network}
    return row


FUNDING: dict[str, PrivateHandler] = {
    "DepositStatus": PrivateHandler(deposit_status, (FUNDS,)),
    "WithdrawStatus": PrivateHandler(withdraw_status, (WITHDRAW, LEDGER)),
    "Withdraw": PrivateHandler(withdraw, (WITHDRAW,)),
}
