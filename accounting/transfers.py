"""Transfers between own accounts: dates and basis go along, and the fee by policy.

The one rule: the units that arrive move first, the oldest lots in front; then the fee takes the
units after them (golden case G09). By default using them up is a disposition at their value;
by election their basis is carried into what was moved.
"""

from decimal import Decimal
from itertools import chain

from accounting.elections import TransferFee
from accounting.entries import Arrival, Departure
from accounting.holdings import IN_TRANSIT, Holdings, Moving
from accounting.lots import FEE_CARRIED, NETWORK_FEE, Take
from domain.money import ZERO


def depart(holdings: Holdings, entry: Departure) -> None:
    """Units leave their account; they are in transit until an arrival names the departure."""
    moving = holdings.taken_up(entry.asset, entry.account, entry.quantity)
    if entry.fee:
        moving = _fee_paid(holdings, entry, moving)
    holdings.laid_down(moving, IN_TRANSIT + entry.key, entry.key, entry.at_us)


def arrive(holdings: Holdings, entry: Arrival) -> None:
    """Units reach their account; what nobody sent has no known basis."""
    there = IN_TRANSIT + entry.departure
    known = min(entry.quantity, holdings.in_transit(entry.asset, entry.departure))
    if known > ZERO:
        moving = holdings.taken_up(entry.asset, there, known)
        holdings.laid_down(moving, entry.account, entry.key, entry.at_us)
    beyond = entry.quantity - max(known, ZERO)
    if beyond:
        account, asset = entry.account, entry.asset
        holdings.put(entry.key, asset, account, beyond, None, None, entry.at_us)


def _fee_paid(holdings: Holdings, entry: Departure, moving: Moving) -> Moving:
    used = holdings.taken_up(entry.asset, entry.account, entry.fee)
    carries = holdings.policy.transfer_fee is TransferFee.CARRIES_BASIS
    if carries and moving.takes:
        moving, used = _carried(moving, used)
    kind, value = (FEE_CARRIED, None) if carries else (NETWORK_FEE, entry.fee_value)
    told = (entry.key, entry.asset, entry.account, entry.at_us, kind, entry.fee, value)
    holdings.disposals.add(told, chain.from_iterable(used.takes), used.missing)
    return moving


def _carried(moving: Moving, used: Moving) -> tuple[Moving, Moving]:
    """The fee's basis goes to the moved part of its own lot, else to the last one moved."""
    takes, bare = list(moving.takes), []
    for take in used.takes:
        place = _place_of(take, takes)
        into = takes[place]
        if take.basis is None or into.basis is None:
            bare.append(take)
            continue
        takes[place] = Take(into.row, into.quantity, into.basis + take.basis)
        bare.append(Take(take.row, take.quantity, ZERO))
    return moving._replace(takes=takes), used._replace(takes=bare)


def _place_of(take: Take, takes: list[Take]) -> int:
    for place, moved in enumerate(takes):
        if moved.row == take.row:
            return place
    return len(takes) - 1


def sent_for(arrived: Decimal, sent: Decimal, told_fee: Decimal) -> tuple[Decimal, Decimal]:
    """(units that will arrive, units used up) of a matched transfer.

    `sent` is what the origin says went out, `told_fee` what it charged besides; what did not
    arrive of `sent` was a fee too.
    """
    moved = min(sent, arrived)
    return moved, sent - moved + told_fee
