"""How facts about withdrawals and addresses change the board.

The one rule: facts only add to what is known of a request, so a venue's row that comes late,
or twice, leads to the same state.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from domain import withdrawal_facts as facts
from domain.addresses import Address
from domain.board import Board
from domain.events import Fact
from domain.rulings import Action
from domain.withdrawals import WAITING, Approval, Request, VenueStatus

SECOND_US = 1_000_000
ENDED_REQUESTS = 300  # of each kind, how many finished requests stay on the board
LONGEST_WINDOW_US = 31 * 86_400 * SECOND_US  # longer than any window of a policy
ENDED_ADDRESSES = 200  # how many revoked entries do


# The address book


def _added(board: Board, fact: facts.AddressAdded) -> Board:
    entry = Address(
        address_id=fact.address_id,
        name=fact.name,
        place=fact.place,
        added_by=fact.actor,
        added_us=fact.at_us,
    )
    return board.but(addresses=board.addresses.put(fact.address_id, entry))


def _address(board: Board, address_id: str, **changes: Any) -> Board:
    known = board.addresses.get(address_id)
    if known is None:
        return board
    return board.but(addresses=board.addresses.put(address_id, replace(known, **changes)))


def _confirmed(board: Board, fact: facts.AddressConfirmed) -> Board:
    return _address(
        board,
        fact.address_id,
        confirmed_by=fact.actor,
        confirmed_us=fact.at_us,
        active_us=fact.active_us,
    )


def _revoked(board: Board, fact: facts.AddressRevoked) -> Board:
    after = _address(
        board,
        fact.address_id,
        revoked_us=fact.at_us,
        revoked_by=fact.actor,
        reason=fact.reason,
    )
    gone = sorted((a for a in after.addresses.values() if a.revoked_us), key=_revoked_us)
    addresses = after.addresses
    for entry in gone[:-ENDED_ADDRESSES]:
        addresses = addresses.drop(entry.address_id)
    return after.but(addresses=addresses)


def _revoked_us(entry: Address) -> int:
    return entry.revoked_us


def _adopted(board: Board, fact: facts.WithdrawalPolicyAdopted) -> Board:
    return board.but(withdrawal_policy=fact.version, withdrawal_policy_us=fact.at_us)


# Requests


def _requested(board: Board, fact: facts.WithdrawalRequested) -> Board:
    if fact.request_id in board.withdrawals:
        return board
    request = Request(
        request_id=fact.request_id,
        terms=fact.terms,
        ruling=fact.ruling,
        body_hash=fact.body_hash,
        requested_us=fact.at_us,
        judged_us=fact.at_us,
        expires_us=fact.expires_us,
        value=fact.value,
        problem=fact.ruling.reason,
    )
    return _put(board, _ruled(request, fact.at_us))


def _ruled(request: Request, at_us: int) -> Request:
    """AUTO is approved by its ruling, and a blocked request has ended."""
    if request.ruling.action is Action.AUTO:
        return _approved_at(request, at_us)
    if request.ruling.action is Action.BLOCK:
        return replace(request, ended_us=at_us)
    return request


def _approved_at(request: Request, at_us: int) -> Request:
    ready_us = at_us + request.ruling.cool_off_s * SECOND_US
    return replace(request, approved_us=at_us, ready_us=ready_us)


def _judged(request: Request, fact: facts.WithdrawalJudged) -> Request:
    if request.submitting or fact.judged <= request.judged:
        return request
    again = replace(
        request,
        ruling=fact.ruling,
        body_hash=fact.body_hash,
        judged=fact.judged,
        judged_us=fact.at_us,
        approved_us=0,
        ready_us=0,
        problem=fact.reason,
    )
    return _ruled(again, fact.at_us)


def _approved(request: Request, fact: facts.WithdrawalApproved) -> Request:
    approval = Approval(operator=fact.operator, body_hash=fact.body_hash, at_us=fact.at_us)
    if approval in request.approvals:
        return request
    more = replace(request, approvals=(*request.approvals, approval))
    enough = more.ruling.action is Action.REQUIRE and not more.missing and more.standing
    return _approved_at(more, fact.at_us) if enough and not more.approved_us else more


def _rejected(request: Request, fact: facts.WithdrawalRejected) -> Request:
    return replace(request, rejected=True, problem=fact.reason, ended_us=fact.at_us)


def _cancelled(request: Request, fact: facts.WithdrawalCancelled) -> Request:
    return replace(request, cancelled=True, problem=fact.reason, ended_us=fact.at_us)


def _expired(request: Request, fact: facts.WithdrawalExpired) -> Request:
    return replace(request, expired=True, ended_us=fact.at_us)


def _frozen(request: Request, fact: facts.WithdrawalFrozen) -> Request:
    return request if request.frozen_us else replace(request, frozen_us=fact.at_us)


def _thawed(request: Request, fact: facts.WithdrawalThawed) -> Request:
    if not request.frozen_us:
        return request
    stood_us = max(0, fact.at_us - request.frozen_us)
    ready_us = request.ready_us + stood_us if request.ready_us else 0
    return replace(
        request,
        frozen_us=0,
        ready_us=ready_us,
        expires_us=request.expires_us + stood_us,
        # What ruled before the halt rules no more, should the judgement that follows be lost.
        ruling=replace(request.ruling, policy=""),
    )


def _submitting(request: Request, fact: facts.WithdrawalSubmitting) -> Request:
    return replace(request, submitting=True, sent_us=request.sent_us or fact.at_us)


def _submitted(request: Request, fact: facts.WithdrawalSubmitted) -> Request:
    return replace(
        request,
        submitted=True,
        submitting=True,
        venue_id=request.venue_id or fact.venue_id,
        problem="",
        ended_us=0,
    )


def _failed(request: Request, fact: facts.WithdrawalFailed) -> Request:
    if request.submitted:
        return request  # the venue has shown it: our conclusion was wrong
    problem = fact.reason or fact.code
    return replace(request, failed=True, unresolved=False, problem=problem, ended_us=fact.at_us)


def _in_doubt(request: Request, fact: facts.WithdrawalInDoubt) -> Request:
    if request.submitted or request.failed:
        return request
    doubt_us = request.doubt_us or fact.at_us
    return replace(request, in_doubt=True, doubt_us=doubt_us, problem=fact.reason)


def _unresolved(request: Request, _: facts.WithdrawalUnresolved) -> Request:
    return replace(request, unresolved=True)


def _reported(request: Request, fact: facts.WithdrawalReported) -> Request:
    row = fact.row
    done, failed = row.status is VenueStatus.DONE, row.status is VenueStatus.FAILED
    return replace(
        request,
        submitted=True,
        submitting=True,
        confirming=True,
        completed=request.completed or (done and not request.venue_failed),
        venue_failed=request.venue_failed or (failed and not request.completed),
        venue_id=request.venue_id or row.venue_id,
        txid=row.txid or request.txid,
        fee=row.fee if row.fee is not None else request.fee,
        ended_us=(request.ended_us or fact.at_us) if done or failed else 0,
        unresolved=False,
        problem="the venue says that it failed" if failed else "",
    )


_STEPS: dict[type[Fact], Callable[[Request, Any], Request]] = {
    facts.WithdrawalJudged: _judged,
    facts.WithdrawalApproved: _approved,
    facts.WithdrawalRejected: _rejected,
    facts.WithdrawalCancelled: _cancelled,
    facts.WithdrawalExpired: _expired,
    facts.WithdrawalFrozen: _frozen,
    facts.WithdrawalThawed: _thawed,
    facts.WithdrawalSubmitting: _submitting,
    facts.WithdrawalSubmitted: _submitted,
    facts.WithdrawalFailed: _failed,
    facts.WithdrawalInDoubt: _in_doubt,
    facts.WithdrawalUnresolved: _unresolved,
    facts.WithdrawalReported: _reported,
}
# What only a request that waits can still suffer: afterwards it is the venue's.
_WAITING_ONLY = (
    facts.WithdrawalRejected,
    facts.WithdrawalCancelled,
    facts.WithdrawalExpired,
)


def advance(request: Request, fact: facts.WithdrawalFact) -> Request:
    """The request after one more fact about it."""
    step = _STEPS.get(type(fact))
    if step is None or (isinstance(fact, _WAITING_ONLY) and request.state not in WAITING):
        return request
    return step(request, fact)


def _stepped(board: Board, fact: facts.WithdrawalFact) -> Board:
    known = board.withdrawals.get(fact.request_id)
    if known is None:
        return board
    after = advance(known, fact)
    return board if after is known else _put(board, after)


def _put(board: Board, request: Request) -> Board:
    requests = board.withdrawals.put(request.request_id, request)
    if len(requests) > ENDED_REQUESTS:
        # What left within a window must stay: the policy counts it.
        since_us = request.requested_us - LONGEST_WINDOW_US
        ended = [r for r in requests.values() if not r.open]
        unsent = sorted((r for r in ended if not r.submitting), key=_requested_us)
        sent = sorted((r for r in ended if r.submitting), key=_requested_us)
        old = (r for r in sent[:-ENDED_REQUESTS] if r.requested_us < since_us)
        for gone in (*unsent[:-ENDED_REQUESTS], *old):
            requests = requests.drop(gone.request_id)
    return board.but(withdrawals=requests)


def _requested_us(request: Request) -> int:
    return request.requested_us


WITHDRAWALS: dict[type, Callable[[Board, Any], Board]] = {
    facts.AddressAdded: _added,
    facts.AddressConfirmed: _confirmed,
    facts.AddressRevoked: _revoked,
    facts.WithdrawalPolicyAdopted: _adopted,
    facts.WithdrawalRequested: _requested,
    **dict.fromkeys(_STEPS, _stepped),
}
