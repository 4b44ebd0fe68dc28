"""Withdrawals as people ask for them: request, approve, reject, cancel, resolve, read.

The one rule: the code that approves is spent in the transaction that approves, and approves
nothing but the body whose hash its person has named. Sending is `engine.withdrawsend`'s.
"""

import hashlib
from dataclasses import replace

from domain import asks_withdrawals as asks
from domain import withdrawal_facts as facts
from domain.addresses import Address, Place, short_name
from domain.errors import Refused
from domain.events import Fact
from domain.money import ZERO
from domain.storage_ports import LedgerReader
from domain.withdrawals import WAITING, Request, State, Terms
from engine.floor import Floor
from engine.operators import Operator, Role
from engine.secondfactor import SecondFactor
from engine.withdrawcase import SECOND_US, Cases
from risk.checksums import BadAddress, canonical_address

LONGEST_NOTE = 200
LONGEST_PAGE = 500
Asked = asks.RequestWithdrawal | asks.CheckWithdrawal


class Withdrawing:
    """Answers the asks about requests."""

    def __init__(
        self, floor: Floor, cases: Cases, codes: SecondFactor, reader: LedgerReader
    ) -> None:
        self._floor = floor
        self._cases = cases
        self._codes = codes
        self._reader = reader
        desk = floor.desk
        desk.answer(asks.RequestWithdrawal, self.request, Role.TRADER)
        desk.answer(asks.CheckWithdrawal, self.check, Role.VIEWER)
        desk.answer(asks.ApproveWithdrawal, self.approve, Role.APPROVER)
        desk.answer(asks.RejectWithdrawal, self.reject, Role.APPROVER)
        desk.answer(asks.CancelWithdrawal, self.cancel, None)
        desk.answer(asks.ResolveWithdrawal, self.resolve, Role.APPROVER)
        desk.answer(asks.ReadWithdrawals, self.page, Role.VIEWER)
        desk.answer(asks.ReadWithdrawal, self.read, Role.VIEWER)

    # Asking for one

    async def request(self, ask: asks.RequestWithdrawal, caller: Operator) -> Request:
        """Write the request down with the policy's ruling; the same one twice is one."""
        key = ask.idempotency_key.strip() or f"{self._floor.dice.bits(128):032x}"
        seed = f"withdrawal {self._floor.desk.board.ledger_id} {caller.name} {key}"
        nonce = hashlib.sha256(seed.encode()).hexdigest()[:32]
        terms = replace(self._terms(ask, caller, nonce), note=ask.note.strip()[:LONGEST_NOTE])
        request_id = f"W{short_name(nonce)}"
        async with self._cases.lock:
            known = self._floor.desk.board.withdrawals.get(request_id)
            if known is not None:
                return _same(known, terms)
            if ask.idempotency_key and await self._reader.holds(f"withdrawal:{request_id}"):
                raise Refused("idempotency", f"{request_id} was asked for before; see the ledger")
            ruling, value = self._cases.judge(terms)
            now_us = self._floor.now_us()
            await self._floor.desk.record(
                facts.WithdrawalRequested(
                    at_us=now_us,
                    actor=caller.name,
                    request_id=request_id,
                    terms=terms,
                    ruling=ruling,
                    body_hash=terms.hash(1),
                    expires_us=now_us + self._cases.policy.expiry_s * SECOND_US,
                    value=value,
                )
            )
            return self._cases.request(request_id)

    async def check(self, ask: asks.CheckWithdrawal, caller: Operator) -> asks.WithdrawalVerdict:
        """What the policy would say, with nothing written."""
        terms = self._terms(ask, caller, "0" * 32)
        ruling, value = self._cases.judge(terms)
        entry = self._floor.desk.board.addresses.get(terms.destination)
        return asks.WithdrawalVerdict(
            ruling=ruling,
            value=value,
            address_id="" if entry is None else entry.address_id,
            address_name="" if entry is None else entry.name,
            address_state=None if entry is None else entry.state_at(self._floor.now_us()),
        )

    def _terms(self, ask: Asked, caller: Operator, nonce: str) -> Terms:
        """What was asked for, its address in the one way to write it."""
        account = ask.account
        self._floor.connections.of(account)
        if not ask.amount.is_finite() or ask.amount <= ZERO:
            raise Refused("amount", "an amount is more than nothing")
        asset = ask.asset.strip().upper()
        if bool(ask.destination) is bool(ask.address):
            raise Refused("address", "name an entry of the address book, or give an address")
        entry: Address | None
        if ask.destination:
            entry = self._cases.entry(ask.destination, venue=account.venue, asset=asset)
            return _made(ask, caller, nonce, entry.place, entry)
        place = Place(
            venue=account.venue,
            asset=asset,
            network=ask.network.strip(),
            address=checked(ask.address),
            tag=ask.tag.strip(),
        )
        entry = self._listed(place)
        return _made(ask, caller, nonce, place if entry is None else entry.place, entry)

    def _listed(self, place: Place) -> Address | None:
        """The entry of a place; where the venue has saved it under a name, that too."""
        for entry in self._cases.entries():
            if replace(entry.place, saved_as="") == place:
                return entry
        return None

    # Answering one

    async def approve(self, ask: asks.ApproveWithdrawal, caller: Operator, *also: Fact) -> Request:
        """One person's yes to the body that was shown, with a code; `also` is written with it."""
        async with self._cases.lock:
            request = self._may_approve(ask, caller)
            purpose = f"withdrawal {request.request_id} {request.body_hash}"
            spent = await self._codes.allow(caller.name, ask.code, purpose)
            self._may_approve(ask, caller)  # a halt may have come while the code was read
            await self._record(
                spent,
                *also,
                facts.WithdrawalApproved(
                    at_us=self._floor.now_us(),
                    actor=caller.name,
                    request_id=request.request_id,
                    operator=caller.name,
                    body_hash=request.body_hash,
                ),
            )
            return self._cases.request(request.request_id)

    def _may_approve(self, ask: asks.ApproveWithdrawal, caller: Operator) -> Request:
        request = self._cases.request(ask.request_id)
        name, state = request.request_id, request.state
        if state is not State.PENDING:
            raise Refused("withdrawal", f"{name} is {state.value}: there is nothing to approve")
        if ask.body_hash != request.body_hash:
            raise Refused("withdrawal", f"{name} has changed since it was shown; look again")
        frozen = self._cases.frozen(request.terms.account)
        if frozen or request.frozen_us:
            raise Refused("frozen", f"{name} is frozen: {frozen or 'a halt was just released'}")
        if self._floor.now_us() >= request.expires_us:
            raise Refused("withdrawal", f"{name} has expired; ask for it again")
        if request.ruling.policy != self._cases.policy.version:
            raise Refused("withdrawal", "the policy has changed; it is being judged again")
        if request.ruling.two_person and caller.name == request.terms.requester:
            raise Refused("two_person", f"{caller.name} asked for {name}; somebody else approves")
        if any(a.operator == caller.name for a in request.standing):
            raise Refused("approval", f"{caller.name} has approved {name} already")
        return request

    async def reject(self, ask: asks.RejectWithdrawal, caller: Operator, *also: Fact) -> Request:
        """An approver's no; `also` is written with it."""
        if not ask.reason.strip():
            raise Refused("reason", "say why, for the ledger")
        async with self._cases.lock:
            request = self._waiting(ask.request_id)
            await self._record(
                *also,
                facts.WithdrawalRejected(
                    at_us=self._floor.now_us(),
                    actor=caller.name,
                    request_id=request.request_id,
                    reason=ask.reason.strip(),
                ),
            )
            return self._cases.request(request.request_id)

    async def cancel(self, ask: asks.CancelWithdrawal, caller: Operator) -> Request:
        """Take it back; a halt does not keep anybody from that."""
        _one_of(caller, Role.TRADER, Role.APPROVER)
        async with self._cases.lock:
            request = self._waiting(ask.request_id)
            await self._record(
                facts.WithdrawalCancelled(
                    at_us=self._floor.now_us(),
                    actor=caller.name,
                    request_id=request.request_id,
                    reason=ask.reason.strip() or f"cancelled by {caller.name}",
                )
            )
            return self._cases.request(request.request_id)

    def _waiting(self, request_id: str) -> Request:
        request = self._cases.request(request_id)
        if request.state not in WAITING:
            raise Refused("withdrawal", f"{request.request_id} is {request.state.value} already")
        return request

    # Settling a doubt

    async def resolve(self, ask: asks.ResolveWithdrawal, caller: Operator) -> Request:
        """A person's decision where no search helps; what the venue shows later still counts."""
        async with self._cases.lock:
            request = self._may_resolve(ask)
            purpose = f"resolve {request.request_id}"
            spent = await self._codes.allow(caller.name, ask.code, purpose)
            self._may_resolve(ask)
            await self._record(spent, self._resolution(ask, request, caller))
            return self._cases.request(request.request_id)

    def _may_resolve(self, ask: asks.ResolveWithdrawal) -> Request:
        request = self._cases.request(ask.request_id)
        if request.state is not State.SUBMIT_UNKNOWN:
            raise Refused("withdrawal", f"{request.request_id} is {request.state.value}")
        if not request.unresolved:
            raise Refused("withdrawal", f"{request.request_id} is still being looked for; wait")
        if not ask.reason.strip():
            raise Refused("reason", "say why you are certain, for the ledger")
        if ask.sent and not ask.venue_id.strip():
            raise Refused("venue_id", "give the venue's own id of the withdrawal")
        return request

    def _resolution(self, ask: asks.ResolveWithdrawal, request: Request, caller: Operator) -> Fact:
        now_us = self._floor.now_us()
        if ask.sent:
            return facts.WithdrawalSubmitted(
                at_us=now_us,
                actor=caller.name,
                request_id=request.request_id,
                venue_id=ask.venue_id.strip(),
                source=f"{caller.name}: {ask.reason.strip()}",
            )
        return facts.WithdrawalFailed(
            at_us=now_us,
            actor=caller.name,
            request_id=request.request_id,
            code="RESOLVED",
            reason=f"not sent, says {caller.name}: {ask.reason.strip()}",
        )

    # Reading

    async def read(self, ask: asks.ReadWithdrawal, _: Operator) -> Request:
        """One request."""
        return self._cases.request(ask.request_id)

    async def page(self, ask: asks.ReadWithdrawals, _: Operator) -> asks.WithdrawalPage:
        """The newest requests, open ones first."""
        now_us = self._floor.now_us()
        found = [
            request
            for request in self._floor.desk.board.withdrawals.values()
            if ask.account in ("", request.terms.account) and (request.open or not ask.only_open)
        ]
        found.sort(key=lambda request: (not request.open, -request.requested_us))
        shown = found[: max(1, min(ask.limit, LONGEST_PAGE))]
        return asks.WithdrawalPage(
            requests=tuple(
                asks.WithdrawalRow(request=request, state=request.state_at(now_us))
                for request in shown
            ),
            total=len(found),
            now_us=now_us,
            policy=self._floor.desk.board.withdrawal_policy,
            rules=self._cases.policy.rules,
        )

    async def _record(self, *told: Fact) -> None:
        await self._floor.desk.record(*told)


def checked(address: str) -> str:
    """The address in its canonical form.

    Raises:
        Refused: when its checksum is wrong.
    """
    try:
        return canonical_address(address.strip())
    except BadAddress as error:
        raise Refused("address", str(error)) from error


def _made(ask: Asked, caller: Operator, nonce: str, place: Place, entry: Address | None) -> Terms:
    return Terms(
        account=ask.account,
        asset=place.asset,
        network=place.network,
        address=place.address,
        tag=place.tag,
        saved_as=place.saved_as,
        amount=ask.amount,
        nonce=nonce,
        requester=caller.name,
        destination="" if entry is None else entry.address_id,
        destination_name="" if entry is None else entry.name,
    )


def _same(known: Request, terms: Terms) -> Request:
    """The request that is there already, if it says the same."""
    # The book may have changed since; what was asked for is what counts.
    named = replace(
        terms,
        destination=known.terms.destination,
        destination_name=known.terms.destination_name,
    )
    if named != known.terms:
        raise Refused("idempotency", f"{known.request_id} has the same key and says otherwise")
    return known


def _one_of(caller: Operator, *roles: Role) -> None:
    if not caller.roles & set(roles):
        raise Refused("role", f"{caller.name} is neither {' nor '.join(r.value for r in roles)}")
