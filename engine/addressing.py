"""The address book: entries are proposed, confirmed with a code, aged, and revoked at once.

The one rule: the ledger's book is the truth. What the configuration names is proposed at the
start, once; it counts for nothing until somebody confirms it.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace

from domain import asks_withdrawals as asks
from domain import withdrawal_facts as facts
from domain.addresses import Address, AddressState, Place
from domain.errors import Refused
from domain.events import Fact
from engine.floor import Floor
from engine.operators import Operator, Role
from engine.secondfactor import SecondFactor
from engine.withdrawcase import SECOND_US, Cases
from engine.withdrawing import checked
from risk.checksums import BadAddress, canonical_address

LONGEST_NAME = 30
CONFIGURATION = "configuration"
log = logging.getLogger(__name__)


class Addressing:
    """Answers the asks about the address book."""

    def __init__(self, floor: Floor, cases: Cases, codes: SecondFactor) -> None:
        self._floor = floor
        self._cases = cases
        self._codes = codes
        desk = floor.desk
        desk.answer(asks.AddAddress, self.add, Role.TRADER)
        desk.answer(asks.ConfirmAddress, self.confirm, Role.APPROVER)
        desk.answer(asks.RevokeAddress, self.revoke, None)
        desk.answer(asks.ReadAddresses, self.page, Role.VIEWER)

    async def add(self, ask: asks.AddAddress, caller: Operator) -> Address:
        """A new entry; the same place twice is one entry."""
        place = Place(
            venue=ask.venue.strip(),
            asset=ask.asset.strip().upper(),
            network=ask.network.strip(),
            address=checked(ask.address),
            tag=ask.tag.strip(),
            saved_as=ask.saved_as.strip(),
        )
        self._floor.connections.by_venue(place.venue)
        name = ask.name.strip()
        if not name or len(name) > LONGEST_NAME or not name.replace("_", "a").isalnum():
            hint = f"up to {LONGEST_NAME} letters, digits and _"
            raise Refused("name", f"{name[:LONGEST_NAME]!r} is no name: {hint}")
        if not place.asset:
            raise Refused("asset", "say which asset goes there")
        async with self._cases.lock:
            known = self._floor.desk.board.addresses.get(place.address_id)
            if known is not None and not known.revoked_us:
                raise Refused("address", f"{known.name} ({known.address_id}) is this place already")
            self._free(name)
            await self._floor.desk.record(self._added(name, place, caller.name))
            return self._floor.desk.board.addresses[place.address_id]

    def _free(self, name: str) -> None:
        """A name means one place: whoever types it must get what was confirmed."""
        taken = next((e for e in self._cases.entries() if e.name == name), None)
        if taken is not None:
            raise Refused("name", f"{name} is {taken.address_id} already; choose another name")

    def _added(self, name: str, place: Place, actor: str) -> Fact:
        return facts.AddressAdded(
            at_us=self._floor.now_us(),
            actor=actor,
            address_id=place.address_id,
            name=name,
            place=place,
        )

    async def confirm(self, ask: asks.ConfirmAddress, caller: Operator) -> Address:
        """Begin the quarantine, with a code."""
        async with self._cases.lock:
            entry = self._new(ask.address_id, caller)
            purpose = f"address {entry.address_id}"
            spent = await self._codes.allow(caller.name, ask.code, purpose)
            now_us = self._floor.now_us()
            await self._floor.desk.record(
                spent,
                facts.AddressConfirmed(
                    at_us=now_us,
                    actor=caller.name,
                    address_id=entry.address_id,
                    active_us=now_us + self._cases.policy.quarantine_s * SECOND_US,
                ),
            )
            return self._floor.desk.board.addresses[entry.address_id]

    def _new(self, name: str, caller: Operator) -> Address:
        entry = self._cases.entry(name)
        state = entry.state_at(self._floor.now_us())
        if state is not AddressState.NEW:
            raise Refused("address", f"{entry.name} is {state.value} already")
        if self._cases.policy.unknown:
            raise Refused("policy", self._cases.policy.unknown)
        if self._cases.policy.two_person and caller.name == entry.added_by:
            raise Refused("two_person", f"{caller.name} added it; somebody else confirms it")
        return entry

    async def revoke(self, ask: asks.RevokeAddress, caller: Operator) -> Address:
        """Nothing more goes there; what is approved and not sent will be blocked."""
        if not caller.roles & {Role.TRADER, Role.APPROVER}:
            raise Refused("role", f"{caller.name} is neither trader nor approver")
        async with self._cases.lock:
            entry = self._cases.entry(ask.address_id)
            if entry.revoked_us:
                raise Refused("address", f"{entry.name} is revoked already")
            await self._floor.desk.record(
                facts.AddressRevoked(
                    at_us=self._floor.now_us(),
                    actor=caller.name,
                    address_id=entry.address_id,
                    reason=ask.reason.strip() or f"revoked by {caller.name}",
                )
            )
            return self._floor.desk.board.addresses[entry.address_id]

    async def page(self, ask: asks.ReadAddresses, _: Operator) -> asks.AddressPage:
        """The whole book, by name."""
        board, now_us = self._floor.desk.board, self._floor.now_us()
        sent: dict[str, int] = {}
        for request in board.withdrawals.values():
            if request.submitted:
                where = request.terms.destination
                sent[where] = sent.get(where, 0) + 1
        entries = sorted(board.addresses.values(), key=lambda entry: entry.name)
        rows = (
            asks.AddressRow(
                address=entry,
                state=entry.state_at(now_us),
                sent=sent.get(entry.address_id, 0),
            )
            for entry in entries
            if ask.revoked or not entry.revoked_us
        )
        return asks.AddressPage(addresses=tuple(rows), now_us=now_us)

    # At the start

    async def propose(self, wanted: Mapping[str, Place]) -> None:
        """Take up what the configuration names and the ledger has never seen."""
        for name, place in wanted.items():
            try:
                exact = replace(place, address=canonical_address(place.address))
            except BadAddress as error:
                log.warning("withdrawals.recipient_allowlist.%s: %s", name, error)
                continue
            if exact.address_id in self._floor.desk.board.addresses:
                continue
            taken = any(entry.name == name for entry in self._cases.entries())
            if taken:
                log.warning("%s is another place in the ledger; revoke that first", name)
                continue
            await self._floor.desk.record(self._added(name, exact, CONFIGURATION))
