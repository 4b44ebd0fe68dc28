"""Private endpoints about money from and to outside: the funding wallet's business."""

from decimal import Decimal

from tests.wire.book_keeping import Overdrawn
from tests.wire.kucoin.assets import Asset, Chain
from tests.wire.kucoin.call import PrivateHandler, Request, asset_of
from tests.wire.kucoin.dialect import Denied, bad
from tests.wire.kucoin.keys import GENERAL, WITHDRAWAL
from tests.wire.kucoin.rows import transfer_row
from tests.wire.kucoin.venue import funding_of
from tests.wire.venue import Transfer

USUAL, LEAST, MOST = 50, 10, 500


def deposits(request: Request) -> object:
    """Deposits, newest first, in numbered pages."""
    return _listed(request, "deposit")


def withdrawals(request: Request) -> object:
    """Withdrawals, newest first, in numbered pages."""
    return _listed(request, "withdrawal")


def withdraw(request: Request) -> object:
    """Send money from the funding wallet; the fee comes on top."""
    asset, amount = asset_of(request.text("currency")), request.amount("amount")
    chain, address = _chain(request, asset), request.text("toAddress")
    allowed = request.venue.whitelists.get(request.owner)
    if not address or (allowed is not None and address not in allowed):
        raise bad("The withdrawal address is not in the address book")  # not published
    if amount < Decimal(chain.least):
        raise bad("The withdrawal amount is below the minimum requirement.")
    try:
        sent = request.venue.withdraw(
            request.owner,
            asset.code,
            amount,
            Decimal(chain.fee),
            holder=funding_of(request.owner),
        )
    except Overdrawn as error:
        raise Denied("260100", "account.noBalance") from error
    sent.address, sent.tag, sent.network = address, request.text("memo"), chain.chain_id
    return {"withdrawalId": sent.reference}


def _chain(request: Request, asset: Asset) -> Chain:
    asked = request.text("chain")
    found = [chain for chain in asset.chains if asked in ("", chain.chain_id)]
    if not found:
        raise Denied("900014", "Invalid chainId")
    return found[0]


def _listed(request: Request, kind: str) -> object:
    start_us, end_us = request.window_us()
    page, size = request.whole("currentPage", 1), request.whole("pageSize", USUAL)
    if size > MOST:
        raise bad("pageSize should not greater than 500")
    if size < LEAST:
        raise bad("pageSize should not less than 10")  # not published
    chosen = [
        transfer
        for transfer in reversed(request.venue.transfers)
        if (transfer.owner, transfer.kind) == (request.owner, kind)
        and request.text("currency") in ("", transfer.asset)
        and request.text("status") in ("", transfer.status)
        and start_us <= transfer.at_us <= end_us
        and request.venue.seen("ledgers", transfer.at_us)
    ]
    rows: list[Transfer] = chosen[(page - 1) * size : page * size]
    return {
        "currentPage": page,
        "pageSize": size,
        "totalNum": len(chosen),
        "totalPage": -(-len(chosen) // size),
        "items": [transfer_row(transfer) for transfer in rows],
    }


FUNDING: dict[str, PrivateHandler] = {
    "GET v1/deposits": PrivateHandler(deposits, GENERAL),
    "GET v1/withdrawals": PrivateHandler(withdrawals, GENERAL),
    "POST v3/withdrawals": PrivateHandler(withdraw, WITHDRAWAL),
}
