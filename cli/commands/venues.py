"""venues: what each exchange can and cannot, and what is done here where it cannot."""

from argparse import Namespace

from cli.render import as_json, say, table
from config.names import KNOWN_VENUES

_HEADS = ("VENUE", "ORDERS", "BALANCES", "FILLS", "CANCEL ALL", "LOOK-UP", "DEAD MAN", "SANDBOX")
_SHORT = ("orders", "balance stream", "fill stream", "cancel all", "look up", "dead man", "sandbox")


def venues(args: Namespace) -> int:
    """The table of all, or one venue with every reason."""
    from venues.ccxt_capabilities import capabilities, has_of  # noqa: PLC0415 - it needs ccxt's ids

    if args.venue:
        venue = args.venue.lower()
        told = capabilities(venue)  # an old name is explained here
        if venue not in KNOWN_VENUES:
            told = capabilities(venue, has_of(venue))
        if args.json:
            say(as_json(told))
            return 0
        say(told.venue)
        for name, known in told.rows():
            say(f"  {'✓' if known.can else '-'} {name:<15} {known.how}".rstrip())
        return 0
    every = [capabilities(venue) for venue in KNOWN_VENUES]
    if args.json:
        say(as_json(every))
        return 0
    rows = []
    for told in every:
        can = {name: "✓" if known.can else "-" for name, known in told.rows()}
        rows.append((told.venue, *(can[name] for name in _SHORT)))
    say(table(_HEADS, rows))
    say("\n- is not offered by the venue; `quarterdeck venues NAME` says what is done instead")
    return 0
