"""From lots over all accounts to lots of each account, and back (golden case G11).

The one rule: no unit and no basis is made or lost; what no account holds stays in sight as
`unplaced`. Rev. Proc. 2024-28: unused basis is allocated once, by parts that are named or
globally, the oldest lots to the accounts in a fixed order.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from accounting.elections import Method, Reallocation
from accounting.lots import Lots, Take, takes_of
from accounting.pools import Pool
from domain.money import ZERO

EVERYWHERE = ""
UNPLACED = "unplaced"
Place = tuple[str, str]  # asset, account
Pools = dict[Place, Pool]


def allocated(pools: Pools, held: Mapping[Place, Decimal], how: Reallocation) -> Pools:
    """Pools by account out of universal ones; runs under exact arithmetic.

    `held` is what each account holds by the book's own entries, used where `how` tells none.
    """
    made: Pools = {}
    for asset in sorted({asset for asset, _ in pools}):
        pool = pools[asset, EVERYWHERE]
        pool.settle()
        wanted = _wanted(asset, held, how)
        for part in (part for part in how.assigned if part.asset == asset):
            takes = _taken_from(pool, part.lot, part.quantity)
            _lay(made, asset, part.account, takes, pool.lots)
            done = sum((take.quantity for take in takes), ZERO)
            wanted[part.account] = wanted.get(part.account, ZERO) - done
        for account in _in_order(wanted, how.accounts):
            if wanted[account] > ZERO:
                taken, _ = pool.take(wanted[account], Method.FIFO)
                _lay(made, asset, account, takes_of(taken), pool.lots)
        rest = pool.total()
        if rest:
            taken, _ = pool.take(rest, Method.FIFO)
            _lay(made, asset, UNPLACED, takes_of(taken), pool.lots)
    return made


def gathered(pools: Pools) -> Pools:
    """Universal pools out of pools by account."""
    made: Pools = {}
    for (asset, account), pool in sorted(pools.items()):
        lots = pool.lots
        for row in pool.open():
            everywhere = made.setdefault((asset, EVERYWHERE), Pool(lots))
            everywhere.add(lots.part(row, account, lots.left(row), lots.left_basis(row)))
    return made


def _wanted(asset: str, held: Mapping[Place, Decimal], how: Reallocation) -> dict[str, Decimal]:
    if how.holdings:
        return dict(how.holdings.get(asset, {}))
    return {account: units for (of, account), units in held.items() if of == asset}


def _in_order(wanted: Mapping[str, Decimal], first: tuple[str, ...]) -> list[str]:
    named = [account for account in first if account in wanted]
    return named + sorted(account for account in wanted if account not in first)


def _taken_from(pool: Pool, key: str, quantity: Decimal) -> list[Take]:
    named = Pool(pool.lots)
    for row in (row for row in pool.open() if pool.lots.origin(row).key == key):
        named.add(row)
    taken, _ = named.take(quantity, Method.FIFO)
    return takes_of(taken)


def _lay(made: Pools, asset: str, account: str, takes: Iterable[Take], lots: Lots) -> None:
    pool = made.setdefault((asset, account), Pool(lots))
    for row, quantity, basis in takes:
        pool.add(lots.part(row, account, quantity, basis))
