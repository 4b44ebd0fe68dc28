"""What each opened venue can and cannot, for the health screen.

The one rule: what is simulated says so; a real venue's row is the one of `quarterdeck venues`.
"""

from domain.board import Ability, Mode
from domain.ports import VenueTraits


def abilities_of(mode: Mode, traits: VenueTraits) -> tuple[Ability, ...]:
    """The abilities of an opened venue, in the order in which they are shown."""
    if mode.book != "live":
        return _simulated(traits)
    from config.names import KNOWN_VENUES  # noqa: PLC0415 - as below
    from venues.ccxt_capabilities import capabilities, has_of  # noqa: PLC0415 - not for the demo

    venue = traits.venue
    told = capabilities(venue) if venue in KNOWN_VENUES else capabilities(venue, has_of(venue))
    rows = (Ability(name, known.can, known.how) for name, known in told.rows())
    return (*rows, key_audit(venue))


def key_audit(venue: str) -> Ability:
    """Whether the venue tells what a key may do."""
    from venues.ccxt_permission_rows import row_of  # noqa: PLC0415 - as above

    row = row_of(venue)
    how = row.why_not or "its API tells what a key may do, and whose it is"
    return Ability("key audit", bool(row.rights), how)


def _simulated(traits: VenueTraits) -> tuple[Ability, ...]:
    here = "simulated in this program"
    rows = (
        ("orders", True, here),
        ("balance stream", traits.account_stream, here),
        ("fill stream", traits.account_stream, here),
        ("cancel all", traits.cancel_all, here),
        ("look up", True, here),
        ("dead man", traits.dead_man, here),
        ("sandbox", False, "none is needed: no order leaves"),
        ("history", True, "everything since the book began"),
        ("withdrawals", True, here),
        ("price stream", traits.price_stream, here),
        ("amendments", traits.amends, here),
    )
    return tuple(Ability(*row) for row in rows)
