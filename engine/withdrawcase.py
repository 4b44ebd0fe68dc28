"""What a withdrawal is judged on: the address book, prices, balances, halts, other requests.

The one rule: whoever judges and writes holds `lock`, so that two requests at once can never
both be the last small one of a day.
"""

import asyncio
from collections.abc import Iterator
from decimal import Decimal

from domain.addresses import Address, AddressState
from domain.board import Mode
from domain.errors import Refused
from domain.halts import Level, holds_money, scope_of, withdrawals_frozen
from domain.instruments import Account
from domain.money import MONEY, ONE, ZERO
from domain.policies import Policy
from domain.rulings import Ruling
from domain.withdrawals import PROMISED, Request, Terms
from engine.floor import Floor
from risk import withdrawals as policies
from risk.standing import Standing
from risk.withdrawals import Case

SECOND_US = 1_000_000
_WHY_NOT = {
    Mode.OBSERVE: "OBSERVE withdraws nothing; start with --live",
    Mode.LIVE: "it has no key that withdraws, or the venue takes none over its API",
}


class Cases:
    """Puts together what the policy looks at, and tells whether anything is frozen."""

    def __init__(self, floor: Floor, policy: Policy) -> None:
        self._floor = floor
        self.policy = Standing(approved=None, told=policy)  # until the ledger has said
        self.lock = asyncio.Lock()

    # Judging

    def judge(self, terms: Terms, request_id: str = "") -> tuple[Ruling, Decimal | None]:
        """The ruling now, and the value that it rests on."""
        case = self._case(terms, request_id)
        return self.policy.judge(case), case.value

    def guard(self, request: Request) -> Ruling | None:
        """What forbids sending it now whatever was approved; None when nothing does."""
        rule, reason = policies.guard(self._case(request.terms, request.request_id))
        return policies.blocked(self.policy.version, rule, reason) if rule else None

    def _case(self, terms: Terms, request_id: str) -> Case:
        board = self._floor.desk.board
        others = tuple(r for r in board.withdrawals.values() if r.request_id != request_id)
        return Case(
            terms=terms,
            now_us=self._floor.now_us(),
            value=self._value(terms),
            entry=board.addresses.get(terms.destination),
            others=others,
            available=self._available(terms, request_id),
            policy_us=board.withdrawal_policy_us,
            cannot=self._cannot(terms.account),
        )

    def _value(self, terms: Terms) -> Decimal | None:
        """In the base currency, at a mark that is not stale; None without one."""
        settings = self._floor.settings
        if terms.asset == settings.base_currency:
            return MONEY.multiply(terms.amount, ONE)
        mark = self._floor.desk.board.marks.get(terms.asset)
        if mark is None or self._floor.now_us() - mark.at_us > settings.mark_stale_s * SECOND_US:
            return None
        return MONEY.multiply(terms.amount, mark.value)

    def _available(self, terms: Terms, request_id: str) -> Decimal | None:
        """What the account could give, its own promise of this request not counted."""
        free = self._floor.door.view.exposure.available(terms.account, terms.asset)
        own = self._floor.desk.board.withdrawals.get(request_id)
        promised = own is not None and own.state in PROMISED
        return free if free is None or not promised else MONEY.add(free, terms.amount)

    def _cannot(self, account: Account) -> str:
        connection = self._floor.connections.of(account)
        if account not in connection.withdrawers:
            why = _WHY_NOT.get(self._floor.desk.board.mode, "it has no withdrawals here")
            return f"{account} cannot withdraw: {why}"
        view = self._floor.desk.board.accounts.get(account)
        return view.refused if view is not None else ""

    # Halts and other waits

    def frozen(self, account: Account) -> str:
        """Why nothing may leave an account now; "" when no halt touches it."""
        stop = self._floor.stop
        if stop.over_account(account) >= Level.HALT:
            return f"halted: {stop.reason or 'tripped this moment'}"
        halt = withdrawals_frozen(self._floor.desk.board.halts, account)
        if halt is not None:
            return f"halted {halt.scope}: {halt.reason}"
        return self._marked(account) if self._floor.marker.present() else ""

    def _marked(self, account: Account) -> str:
        """What a marker that nobody has taken up yet says of an account."""
        for marker in self._floor.marker.standing():
            if marker.level >= Level.HALT and holds_money(scope_of(marker.scope), account):
                return f"the HALT marker of {marker.scope} is there"
        return ""

    def closed(self, account: Account) -> str:
        """Why what is on its way must not leave this instant: halted, or disarmed."""
        return self.frozen(account) or self._disarmed()

    def _disarmed(self) -> str:
        board = self._floor.desk.board
        return "the desk is DISARMED" if board.mode is Mode.LIVE and not board.armed else ""

    def waits(self, account: Account) -> str:
        """Why sending waits though nothing forbids it; "" when it does not."""
        disarmed, board = self._disarmed(), self._floor.desk.board
        if disarmed:
            return disarmed
        view = board.accounts.get(account)
        if view is None or not view.reconciled_us:
            return f"{account} is not reconciled yet"
        if self._floor.door.view.exposure.balances(account) is None:
            return f"the balance of {account} is not known"
        return ""

    # Looking up

    def request(self, request_id: str) -> Request:
        """A request on the board.

        Raises:
            Refused: when there is none.
        """
        known = self._floor.desk.board.withdrawals.get(request_id.strip().upper())
        if known is None:
            hint = "see `quarterdeck withdraw list`"
            raise Refused("withdrawal", f"there is no request {request_id}; {hint}")
        return known

    def entry(self, name: str, *, venue: str = "", asset: str = "") -> Address:
        """The address book's entry of a name or an id; revoked ones only by their id.

        Raises:
            Refused: when there is none.
        """
        wanted = name.strip()
        by_id = self._floor.desk.board.addresses.get(wanted.upper())
        found = by_id or next((e for e in self.entries() if e.name == wanted), None)
        if found is None:
            raise Refused(
                "address", f"the address book has no {wanted}; `quarterdeck address list`"
            )
        if venue and (found.place.venue, found.place.asset) != (venue, asset):
            held = f"{found.place.asset} from {found.place.venue}"
            raise Refused("address", f"{found.name} is for {held}, not for {asset} from {venue}")
        return found

    def entries(self) -> Iterator[Address]:
        """Every entry that is not revoked."""
        now_us = self._floor.now_us()
        for entry in self._floor.desk.board.addresses.values():
            if entry.state_at(now_us) is not AddressState.REVOKED:
                yield entry


class Promises:
    """Keeps in the gate's sums what approved withdrawals will take; told every fact."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._held: dict[str, Decimal] = {}

    def follow(self, request: Request) -> None:
        """Set aside what a request will take, or let it go."""
        wanted = request.terms.amount if request.state in PROMISED else ZERO
        change = MONEY.subtract(wanted, self._held.get(request.request_id, ZERO))
        if change:
            self._held[request.request_id] = wanted
            exposure = self._floor.door.view.exposure
            exposure.promise(request.terms.account, request.terms.asset, change)
        if not wanted:
            self._held.pop(request.request_id, None)
