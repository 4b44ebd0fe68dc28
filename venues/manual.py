"""The table of the venues for people: what each can and cannot, and what is done instead.

The one rule: it is made of the rows themselves. `python -m venues.manual > docs/venues.md`.
"""

import sys
from collections.abc import Iterator

from venues.ccxt_capabilities import Capabilities, capabilities
from venues.ccxt_quirks import known_venues

INTRODUCTION = """\
# Venues

Generated from the rows in `venues/` by `python -m venues.manual`; a test compares. The same is
told by `quarterdeck venues [NAME]` and, for the venues that are open, on the health screen.

What a venue cannot do is done in another way; each of those ways has a test (`tests/engine/
test_fallbacks.py`, `tests/venues/conformance/`). A venue without a row here, by its id in ccxt,
is watched: asked for balances, orders and fills, and sent nothing.
"""


def venues_manual() -> str:
    """`docs/venues.md`: one table of all, and one section a venue with every reason."""
    told = [capabilities(venue) for venue in known_venues()]
    heads = [name for name, _ in told[0].rows()]
    lines = [f"| Venue | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    lines += [f"| {row.venue} | {' | '.join(_marks(row))} |" for row in told]
    sections = ["\n".join(_section(row)) for row in told]
    return "\n".join((INTRODUCTION, *lines, "", *sections))


def _marks(row: Capabilities) -> Iterator[str]:
    return ("✓" if known.can else "✗" for _, known in row.rows())


def _section(row: Capabilities) -> Iterator[str]:
    yield f"## {row.venue}\n"
    for name, known in row.rows():
        yield f"- {'✓' if known.can else '✗'} **{name}**: {known.how}"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(venues_manual())
