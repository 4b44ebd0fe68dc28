"""Net asset value: spot, and the margin balance of futures, at marks with their age.

The one rule: an asset without a price is shown apart and never counted as zero; a total that
leaves something out or rests on an old price says so (`partial`, `oldest_price_us`). The margin
balance is wallet plus unrealised P&L, once (golden case G18).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from accounting.valuation import FRESH_US
from domain.instruments import Account
from domain.market import Balances, Mark
from domain.money import MONEY, ZERO


class Kind(StrEnum):
    """What a holding is."""

    SPOT = "spot"
    EARN = "earn"
    WALLET = "futures wallet"
    UNREALISED = "futures unrealised"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """So much of an asset in an account; unrealised P&L of futures may be below zero.

    `wallet` names the futures wallet where a venue has several.
    """

    account: Account
    asset: str
    quantity: Decimal
    kind: Kind = Kind.SPOT
    wallet: str = ""

    @property
    def place(self) -> str:
        """What it is, for a person: `spot`, `futures wallet`, `coin-futures unrealised`."""
        words = self.kind.value.split()
        return " ".join((self.wallet, *words[1:])) if self.wallet else self.kind.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A holding and its worth in the base currency; without a mark both are None."""

    holding: Holding
    value: Decimal | None
    mark: Mark | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nav:
    """The value of everything at a moment.

    `missing` are accounts whose balances are unknown, or `account wallet` of one that is.
    """

    at_us: int
    lines: tuple[Line, ...]
    missing: tuple[str, ...] = ()
    stale_us: int = FRESH_US

    @property
    def total(self) -> Decimal:
        """The sum of what has a price, in the base currency."""
        return _sum(self.lines)

    @property
    def unpriced(self) -> tuple[Line, ...]:
        """What has no price; it is in no total."""
        return tuple(line for line in self.lines if line.value is None)

    @property
    def oldest_price_us(self) -> int | None:
        """When the oldest price in the total was known to be true."""
        return min((line.mark.at_us for line in self.lines if line.mark is not None), default=None)

    @property
    def partial(self) -> bool:
        """Whether something is left out of the total, or rests on an old price."""
        oldest = self.oldest_price_us
        stale = oldest is not None and self.at_us - oldest > self.stale_us
        return bool(self.missing or self.unpriced or stale)

    def of_kind(self, *kinds: Kind) -> Decimal:
        """The part of the total that is of some kinds."""
        return _sum(line for line in self.lines if line.holding.kind in kinds)

    @property
    def margin_balance(self) -> Decimal:
        """Futures wallets plus unrealised P&L."""
        return self.of_kind(Kind.WALLET, Kind.UNREALISED)

    def by_asset(self) -> dict[str, Decimal]:
        """Value by asset, the largest first."""
        return self._by(lambda holding: holding.asset)

    def by_account(self) -> dict[str, Decimal]:
        """Value by account, the largest first."""
        return self._by(lambda holding: holding.account)

    def by_venue(self) -> dict[str, Decimal]:
        """Value by venue, the largest first."""
        return self._by(lambda holding: holding.account.venue)

    def _by(self, name: Callable[[Holding], str]) -> dict[str, Decimal]:
        sums: dict[str, Decimal] = {}
        for line in self.lines:
            if line.value is not None:
                key = str(name(line.holding))
                sums[key] = MONEY.add(sums.get(key, ZERO), line.value)
        return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))


def holdings_of(balances: Balances) -> Iterator[Holding]:
    """Everything that an account holds: spot, then each futures wallet and its open gains."""
    account = balances.account
    for asset, held in sorted(balances.assets.items()):
        yield Holding(account=account, asset=asset, quantity=held.total)
    for wallet, assets in sorted(balances.margins.items()):
        for asset, margin in sorted(assets.items()):
            parts = ((Kind.WALLET, margin.wallet), (Kind.UNREALISED, margin.unrealised))
            for kind, quantity in parts:
                yield Holding(
                    account=account, asset=asset, quantity=quantity, kind=kind, wallet=wallet
                )


def nav_of(
    holdings: Iterable[Holding],
    marks: Mapping[str, Mark],
    at_us: int,
    *,
    missing: Iterable[str] = (),
    stale_us: int = FRESH_US,
) -> Nav:
    """Net asset value of holdings at marks (`routes.marks_of`)."""
    lines = tuple(_line(holding, marks) for holding in holdings if holding.quantity)
    return Nav(at_us=at_us, lines=lines, missing=tuple(missing), stale_us=stale_us)


def _line(holding: Holding, marks: Mapping[str, Mark]) -> Line:
    mark = marks.get(holding.asset)
    value = None if mark is None else MONEY.multiply(holding.quantity, mark.value)
    return Line(holding=holding, value=value, mark=mark)


def _sum(lines: Iterable[Line]) -> Decimal:
    total = ZERO
    for line in lines:
        if line.value is not None:
            total = MONEY.add(total, line.value)
    return total
