"""The words of the mails that we send.

The one rule: whoever reads one can compare everything with the desk without following its link;
a mail is no proof, and says so.
"""

from collections.abc import Iterator
from decimal import Decimal

from domain.asks_approvals import ApprovalLink
from domain.board import Board
from domain.days import iso
from domain.money import canonical
from domain.text import clean, grouped

_CENTS = Decimal("0.01")


def approval_subject(link: ApprovalLink, board: Board) -> str:
    """Mode, id and amount; never an address, which a subject would cut."""
    terms = link.request.terms
    what = f"{canonical(terms.amount)} {terms.asset}"
    return f"[{board.mode.value}] withdrawal {link.request.request_id} waits for you: {what}"


def approval_text(link: ApprovalLink, board: Board) -> str:
    """What is asked for, the link, the command, and what the mail is not."""
    return "\n".join(_lines(link, board)) + "\n"


def _lines(link: ApprovalLink, board: Board) -> Iterator[str]:
    request, terms = link.request, link.request.terms
    value = "" if request.value is None else f" (about {request.value.quantize(_CENTS):,}"
    value += f" {board.base_currency})" if value else ""
    yield f"{link.operator}, a withdrawal waits for your approval on a {board.mode.value} desk."
    yield ""
    yield f"  request  {request.request_id}"
    yield f"  amount   {canonical(terms.amount)} {clean(terms.asset)}{value}"
    yield f"  from     {terms.account}"
    yield f"  to       {clean(terms.destination_name) or 'not in the address book'}"
    yield f"  address  {clean(terms.address)}"
    yield f"           {grouped(clean(terms.address))}"
    yield f"  tag      {clean(terms.tag) or 'none'}"
    network = clean(terms.network) or "the venue's own"
    yield f"  network  {network}"
    yield f"  asked    by {clean(terms.requester)}, {_at(request.requested_us)}"
    if terms.note:
        yield f"  note     {clean(terms.note)}"
    yield f"  rule     {clean(request.ruling.rule)}, expires {_at(request.expires_us)}"
    yield f"  hash     {request.body_hash}"
    yield ""
    yield f"Look at it, and approve or reject it with a code (until {_at(link.expires_us)}):"
    yield ""
    yield link.url
    yield ""
    yield "Or on the desk itself:"
    yield ""
    yield f"  quarterdeck withdraw approve {request.request_id} --code -"
    yield ""
    yield "The link is yours alone, is good once and for 10 minutes. Another one:"
    yield ""
    yield f"  quarterdeck withdraw link {request.request_id}"
    yield ""
    yield "This mail proves nothing: anybody can write one. Compare the whole address and the"
    yield "hash with the desk. The link does nothing without the code of your second factor;"
    yield "never give a code to anybody who asks for one."


def trial_subject() -> str:
    """Of the mail that only tries the way."""
    return "a test: mail from Quarterdeck arrives"


def trial_text() -> str:
    """Of the same."""
    return (
        "This is `quarterdeck alerts test-mail`. Links to approve withdrawals will come this "
        "way.\nIf you did not ask for it, tell whoever runs the desk.\n"
    )


def _at(at_us: int) -> str:
    return f"{iso(at_us)[:16].replace('T', ' ')} UTC"
