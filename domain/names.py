"""Names of facts that a file tells without the venue's own id.

The one rule: such a name is made of what the row says, so the same row, in whatever file and
order, has the same name; equal rows of one file are told apart by their number.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import sha256

from domain.market import Movement
from domain.money import canonical
from domain.orders import Fill

MADE_HERE = "import-"
_DIGITS = 24  # 96 bits: no two rows of one account share them by chance


def is_made_here(name: str) -> bool:
    """Whether a trade id or reference was made by `named`, not by a venue."""
    return name.startswith(MADE_HERE)


def named(told: Iterable[Fill | Movement]) -> Sequence[Fill | Movement]:
    """The same facts; those without an id get one of their content and occurrence number."""
    seen: Counter[str] = Counter()
    return [_named(what, seen) for what in told]


def _named(what: Fill | Movement, seen: Counter[str]) -> Fill | Movement:
    if what.trade_id if isinstance(what, Fill) else what.reference:
        return what
    digest = sha256("\x1f".join(_content(what)).encode()).hexdigest()[:_DIGITS]
    seen[digest] += 1
    name = f"{MADE_HERE}{digest}-{seen[digest]}"
    if isinstance(what, Fill):
        return replace(what, trade_id=name)
    return replace(what, reference=name)


def _content(what: Fill | Movement) -> tuple[str, ...]:
    if isinstance(what, Fill):
        words = (what.symbol, what.side.value, what.fee_asset, what.venue_order_id)
        traded = map(canonical, (what.quantity, what.price, what.fee))
        return ("fill", str(what.at_us), *words, *traded)
    moved = map(canonical, (what.amount, what.fee))
    return ("movement", str(what.at_us), what.asset, *moved)
