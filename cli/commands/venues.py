"""venues: what each exchange can and cannot, and what is done here where it cannot."""

from argparse import Namespace

from cli.abilities import key_audit
from cli.render import as_json, say, table
from config.names import KNOWN_VENUES

# 80 columns hold these; one venue by its name is told in full.
_HEADS = {
    "ORDERS": "orders",
    "BALANCE": "balance stream",
    "FILLS": "fill stream",
    "CANCEL": "cancel all",
    "LOOK-UP": "look up",
    "DEAD": "dead man",
    "TEST": "sandbox",
    "HISTORY": "history",
    "OUT": "withdrawals",
}
_LEGEND = """
CANCEL all with one call, DEAD man's switch, TEST system of its own, money OUT.
- the venue has none: `quarterdeck venues NAME` says what is done instead."""


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
        for name, can, how in (*((n, k.can, k.how) for n, k in told.rows()), key_audit(venue)):
            say(f"  {'✓' if can else '-'} {name:<15} {how}".rstrip())
        return 0
    every = [capabilities(venue) for venue in KNOWN_VENUES]
    if args.json:
        say(as_json(every))
        return 0
    rows = []
    for told in every:
        marks = {name: "✓" if known.can else "-" for name, known in told.rows()}
        rows.append((told.venue, *(marks[name] for name in _HEADS.values())))
    say(table(("VENUE", *_HEADS), rows))
    say(_LEGEND)
    return 0
