"""What a person can do about each kind of break, in one place for screens and commands.

The one rule: a remedy tells what to look at first; accepting is for what has been looked at, and
changes no figure.
"""

from collections.abc import Mapping

from domain.board import Break

REMEDIES: Mapping[str, str] = {
    "BALANCE_UNEXPLAINED": "look in the venue's own history for a trade, transfer or fee that is "
    "missing here and book it with `quarterdeck import`; it closes by itself once the figures "
    "agree. Where nobody can tell it any more, `quarterdeck reconcile adopt` takes it into the "
    "books for good (an accepted one is opened again while they do not agree)",
    "ORDER_VANISHED": "look for the order at the venue; if it is over there, give it up with "
    "`quarterdeck order lost ID`, or L on its screen",
    "ORDER_REOPENED": "cancel it with `quarterdeck cancel ID`, or x on its screen; it closes by "
    "itself when the order has ended",
    "OVERFILL": "compare the order's fills with the venue's own list and ask the venue; the fills "
    "stay booked",
    "FILL_CHANGED": "compare both with the venue's own statement; the numbers that came first "
    "stay booked",
    "MOVEMENT_CHANGED": "compare both with the venue's own statement; the numbers that came first "
    "stay booked",
    "PHANTOM_TRADE": "look for the trade in the venue's own history, and ask the venue if it is "
    "not there; it stays booked",
}
OTHERWISE = "compare the two sources; nothing is changed by itself"


def remedy(known: Break) -> str:
    """What to do about a break, as a phrase without a full stop."""
    return REMEDIES.get(known.kind, OTHERWISE)
