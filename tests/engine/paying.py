"""A desk that withdraws, for tests: a clock that jumps, codes, an address that is ACTIVE."""

from dataclasses import dataclass, field, replace
from decimal import Decimal

from cli.clock import SystemClock
from domain import asks_withdrawals as asks
from domain.addresses import Address
from domain.asks import DemoCode
from domain.instruments import Account
from domain.policies import Policy
from domain.withdrawals import Request, State, Submission, VenueWithdrawal, Withdrawal
from engine.connections import Connections
from engine.operators import Operator
from engine.withdrawals import Withdrawals
from tests.engine.rig import KRAKEN, ME, Rig, connections_of
from venues.demo import DemoDesk

D = Decimal
STEP_S = 30
SECOND_US = 1_000_000
# A short policy: a second's quarantine and no cool-off to speak of.
QUICKLY = Policy(quarantine_s=1, cool_off_s=1)
ADDRESS = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"


class JumpingClock:
    """The system's clock, ahead by as much as a test has jumped."""

    def __init__(self) -> None:
        self._real = SystemClock()
        self.ahead_us = 0

    def now_us(self) -> int:
        return self._real.now_us() + self.ahead_us

    def monotonic_us(self) -> int:
        return self._real.monotonic_us() + self.ahead_us

    def jump(self, seconds: int) -> None:
        self.ahead_us += seconds * SECOND_US


@dataclass
class Wire:
    """Stands before an account's withdrawals: remembers each call, answers as told."""

    inner: object
    calls: list[Withdrawal] = field(default_factory=list)
    raises: Exception | None = None
    taken: bool = True  # whether the venue takes it although it `raises`
    listed: list[VenueWithdrawal] | None = None
    unlisted: Exception | None = None

    async def withdraw(self, request: Withdrawal) -> Submission:
        self.calls.append(request)
        if self.raises is not None and not self.taken:
            raise self.raises
        answer: Submission = await self.inner.withdraw(request)  # type: ignore[attr-defined]
        if self.raises is not None:
            raise self.raises
        return answer

    async def withdrawals(self, since_us: int) -> list[VenueWithdrawal]:
        if self.unlisted is not None:
            raise self.unlisted
        if self.listed is not None:
            return self.listed
        rows: list[VenueWithdrawal] = await self.inner.withdrawals(since_us)  # type: ignore[attr-defined]
        return rows


def wired(demo: DemoDesk) -> tuple[Connections, Wire]:
    """The demo's venues, Kraken's withdrawals behind a wire."""
    plain = {known.venue: known for known in connections_of(demo)}
    kraken = plain["kraken"]
    wire = Wire(kraken.withdrawers[KRAKEN])
    plain["kraken"] = replace(kraken, withdrawers={KRAKEN: wire}, listers={KRAKEN: wire})
    return Connections(plain), wire


def parts(rig: Rig) -> Withdrawals:
    assert rig.engine.parts is not None
    return rig.engine.parts.withdrawals


async def code(rig: Rig, caller: Operator = ME) -> str:
    """A good code; the clock jumps to the next step so that each call has a new one."""
    assert isinstance(rig.clock, JumpingClock)
    rig.clock.jump(STEP_S)
    return (await rig.ask(DemoCode(), caller)).detail


async def active(rig: Rig, name: str = "cold", address: str = ADDRESS, **more: str) -> Address:
    """An entry of the book that money may go to."""
    told = {"venue": "kraken", "asset": "USD", "network": "TRX", **more}
    entry = await rig.ask(asks.AddAddress(name=name, address=address, **told))
    confirm = asks.ConfirmAddress(address_id=entry.address_id, code=await code(rig))
    entry = await rig.ask(confirm)
    assert isinstance(rig.clock, JumpingClock)
    rig.clock.jump(parts(rig).cases.policy.quarantine_s)
    return entry


async def requested(
    rig: Rig,
    amount: str = "100",
    *,
    caller: Operator = ME,
    key: str = "",
    destination: str = "cold",
    account: Account = KRAKEN,
) -> Request:
    ask = asks.RequestWithdrawal(
        account=account,
        asset="USD",
        amount=D(amount),
        destination=destination,
        idempotency_key=key,
    )
    return await rig.ask(ask, caller)


async def approved(rig: Rig, request: Request, caller: Operator = ME) -> Request:
    ask = asks.ApproveWithdrawal(
        request_id=request.request_id, body_hash=request.body_hash, code=await code(rig, caller)
    )
    return await rig.ask(ask, caller)


async def reached(rig: Rig, request: Request, *states: State) -> Request:
    """The request once it is in one of the states."""
    board = await rig.until(lambda b: b.withdrawals[request.request_id].state in states)
    return board.withdrawals[request.request_id]
