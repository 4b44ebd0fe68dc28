"""Fills to allocate: made once, written to a file, read by everybody alike.

The one rule: standard library only, for the peers read it in environments of their own. Every
price is in tenths and a fee is a thousandth of the cost, so a basis per unit has few digits:
whoever computes exactly gets the same gain to the last digit, whatever the way.
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

START_US = 1_577_836_800_000_000  # 2020-01-01
MINUTE_US = 60_000_000
FEE = Decimal("0.001")
LAST_DIGIT = Decimal("1e-8")
_SEED = 7
_FULL, _LOW = 20_000, 10_000  # thousandths of a unit that a bounded book holds at most, at least
_BOUGHT, _SOLD, _SOLD_LITTLE = 2_000, 2_400, 1_000


class Fill(NamedTuple):
    """Fill `number`: base units and the price of one of them, before the fee."""

    number: int
    buys: bool
    quantity: Decimal
    price: Decimal

    @property
    def at_us(self) -> int:
        """One a minute, UTC microseconds."""
        return START_US + self.number * MINUTE_US

    @property
    def cost(self) -> Decimal:
        """Quantity times price."""
        return self.quantity * self.price

    @property
    def fee(self) -> Decimal:
        """In the quote currency."""
        return self.cost * FEE


class Contestant(NamedTuple):
    """Somebody who allocates: fills as its own objects, the work that is timed, its gains.

    `gains` tells what each sale earned, in the order of the sales; None: by other rules.
    """

    load: Callable[[Iterable[Fill]], Any]
    work: Callable[[Any], Any]
    gains: Callable[[Any], Iterator[Decimal]] | None


def fills(count: int, *, growing: bool) -> Iterator[Fill]:
    """`growing`: two of three are purchases and half of all lots stay; else some dozen do."""
    chance, held = Random(_SEED), 0  # the same fills every time
    for number in range(count):
        price = Decimal(200_000 + chance.randrange(10_000)).scaleb(-1)
        wanted = number % 3 != 2 if growing else held < (_FULL if number % 2 else _LOW)
        buys = wanted or not held
        most = _BOUGHT if buys else min(held, _SOLD_LITTLE if growing else _SOLD)
        units = chance.randrange(most) + 1
        held += units if buys else -units
        yield Fill(number, buys, Decimal(units).scaleb(-3), price)


def written(path: Path, told: Iterable[Fill]) -> None:
    """A line a fill: side, quantity, price."""
    with path.open("w", encoding="ascii") as file:
        for fill in told:
            file.write(f"{'BS'[not fill.buys]} {fill.quantity} {fill.price}\n")


def read(path: Path) -> Iterator[Fill]:
    """The fills of a file."""
    with path.open(encoding="ascii") as file:
        for number, line in enumerate(file):
            side, quantity, price = line.split()
            yield Fill(number, side == "B", Decimal(quantity), Decimal(price))
