"""The approval page as HTML: one style, no script, nothing from elsewhere.

The one rule: whatever came from outside goes through `shown` and is literal text.
"""

import base64
from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256
from html import escape

from domain.asks_approvals import LinkView
from domain.board import Board
from domain.days import iso
from domain.money import canonical
from domain.text import clean, grouped
from domain.withdrawals import Request

SECOND_US = 1_000_000
MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
_CENTS = Decimal("0.01")
STYLE = """
:root{color-scheme:light dark}
*{box-sizing:border-box}
body{margin:0;font:16px/1.45 system-ui,sans-serif;background:#fff;color:#111}
header{padding:.6rem 1rem;font-weight:700}
.DEMO{background:#0cc;color:#000}.PAPER{background:#ffbf00;color:#000}
.OBSERVE{background:#0047ab;color:#fff}.LIVE{background:#8b0000;color:#fff}
main{max-width:36rem;margin:0 auto;padding:1rem}
h1{font-size:1.3rem;margin:.2rem 0 .8rem}
dl{margin:0}dt{font-size:.8rem;color:#555;margin-top:.6rem}
dd{margin:0;overflow-wrap:anywhere;unicode-bidi:isolate}
code,.mono{font-family:ui-monospace,monospace;overflow-wrap:anywhere;unicode-bidi:isolate}
.amount{font-size:1.6rem;font-weight:700}.address{font-size:1.15rem;font-weight:700}
.told{border:3px solid #b00020;padding:.6rem;margin:.8rem 0;overflow-wrap:anywhere}
form{margin-top:1.2rem}label{display:block;margin-top:.8rem}
input{font:inherit;font-size:1.2rem;width:100%;padding:.6rem;border:2px solid #555;
border-radius:.3rem;background:inherit;color:inherit}
button{font:inherit;font-size:1.1rem;font-weight:700;width:100%;padding:.8rem;margin-top:1rem;
border:0;border-radius:.3rem;background:#0b5d1e;color:#fff}
button.no{background:#8b0000}
:focus-visible{outline:3px solid #0047ab;outline-offset:2px}
@media (prefers-color-scheme:dark){body{background:#111;color:#eee}dt{color:#aaa}}
"""
STYLE_HASH = f"'sha256-{base64.b64encode(sha256(STYLE.encode()).digest()).decode()}'"
MEANINGS = {
    "DEMO": "nothing here is real",
    "PAPER": "real prices, simulated money",
    "OBSERVE": "real account, nothing is sent",
    "LIVE": "real money",
}


def shown(text: object) -> str:
    """Any text as literal HTML on one line."""
    return escape(clean(text))


def request_page(view: LinkView, board: Board, form: str, told: str = "") -> str:
    """The request with its form; `told` is why the last try did nothing."""
    why = f'<p class="told" role="alert">{_with_commands(told)}</p>' if told else ""
    rows = "".join(f"<dt>{title}</dt><dd{kind}>{text}</dd>" for title, text, kind in _rows(view))
    return _page(
        board,
        f"Approve {view.request.request_id}?",
        f"{why}<dl>{_headline(view, board)}{rows}</dl>{_form(view, form)}",
    )


def done_page(request: Request, board: Board, *, approved: bool) -> str:
    """What the link has done, and what comes next."""
    name = request.request_id
    if not approved:
        return _page(board, f"Rejected: {name}", "<p>Nothing will be sent.</p>" + _follow(name))
    missing = request.missing
    waits = f"{missing} more {'approval is' if missing == 1 else 'approvals are'} needed."
    after = waits if missing else "It is sent once its cool-off is over, if no halt stops it."
    back = f"Until it is sent: <code>quarterdeck withdraw cancel {shown(name)}</code>"
    return _page(board, f"Approved: {name}", f"<p>{after}</p><p>{back}</p>" + _follow(name))


def problem_page(board: Board, title: str, text: str) -> str:
    """What happened, and what to do."""
    return _page(board, title, f'<p class="told" role="alert">{_with_commands(text)}</p>')


def _page(board: Board, title: str, body: str) -> str:
    mode = board.mode.value
    halted = " — KILLED: new orders and withdrawals are stopped" if board.level else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta name="robots" content="noindex"><title>{shown(title)}</title>'
        f"<style>{STYLE}</style></head><body>"
        f'<header class="{mode}">Quarterdeck {mode}: {MEANINGS[mode]}{halted}</header>'
        f"<main><h1>{shown(title)}</h1>{body}</main></body></html>"
    )


def _headline(view: LinkView, board: Board) -> str:
    request = view.request
    value = "unknown" if request.value is None else f"{request.value.quantize(_CENTS):,}"
    return (
        f'<dt>Amount</dt><dd class="amount">{canonical(request.terms.amount)} '
        f"{shown(request.terms.asset)}</dd>"
        f"<dt>Worth when asked for</dt><dd>{value} {shown(board.base_currency)}</dd>"
    )


def _rows(view: LinkView) -> Iterator[tuple[str, str, str]]:
    """Title, HTML and attributes of each line below the amount."""
    request, terms = view.request, view.request.terms
    mono = ' class="mono"'
    yield "To", shown(_entry(view)), ""
    # Cleaned before it is cut in groups: an escape must not be torn apart.
    yield "Address, whole", escape(grouped(clean(terms.address))), ' class="mono address"'
    yield "Tag or memo", shown(terms.tag) or "none", mono
    yield "Network", shown(terms.network) or "the venue's own", ""
    if terms.saved_as:
        yield "The venue's name of it", shown(terms.saved_as), ""
    yield "From", shown(terms.account), ""
    yield "Asked for by", f"{shown(terms.requester)}, {_at(request.requested_us)}", ""
    if terms.note:
        yield "Note", shown(terms.note), ""
    yield "Rule", shown(_rule(request)), ""
    yield "Hash", f"<code>{shown(grouped(request.body_hash, 8))}</code>", mono
    link_s = (view.expires_us - view.now_us) // SECOND_US
    yield "This link", f"for {shown(view.operator)}, {_left(link_s)} left, good once", ""
    request_s = (request.expires_us - view.now_us) // SECOND_US
    yield "The request", f"{shown(view.state.value)}, {_left(request_s)} left", ""


def _entry(view: LinkView) -> str:
    if view.entry is None:
        return view.request.terms.destination_name or "not in the address book"
    age_s = (view.now_us - view.entry.added_us) // SECOND_US
    state = view.entry.state_at(view.now_us).value
    return f"{view.entry.name}, in the address book for {_left(age_s)}, {state}"


def _rule(request: Request) -> str:
    ruling = request.ruling
    yes = f"{len(request.standing)} of {ruling.approvals} approvals"
    names = ", ".join(approval.operator for approval in request.standing)
    return f"{ruling.rule}: {yes}{f' ({names})' if names else ''}"


def _form(view: LinkView, form: str) -> str:
    demo = ""
    if view.demo_code:
        demo = f"<p>Demo code: <code>{shown(view.demo_code)}</code></p>"
    return (
        '<form method="post" autocomplete="off">'
        f'<input type="hidden" name="form" value="{escape(form)}">{demo}'
        '<label for="code">Code of your second factor</label>'
        '<input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" '
        'maxlength="40" required>'
        '<button name="act" value="approve">Approve</button>'
        '<label for="reason">To reject: why?</label>'
        '<input id="reason" name="reason" maxlength="200">'
        '<button class="no" name="act" value="reject">Reject</button></form>'
        "<p>Compare the whole address with where you know it from. A mail is no proof.</p>"
    )


def _follow(name: str) -> str:
    return f"<p>Follow it: <code>quarterdeck withdraw show {shown(name)}</code></p>"


def _with_commands(text: str) -> str:
    """Literal text, with what stands in backticks as code."""
    parts = shown(text).split("`")
    return "".join(
        f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts)
    )


def _at(at_us: int) -> str:
    return f"{iso(at_us)[:16].replace('T', ' ')} UTC"


def _left(seconds: int) -> str:
    """A span of time in words: `9 min 20 s`."""
    seconds = max(0, seconds)
    if seconds >= 2 * DAY_S:
        return f"{seconds // DAY_S} days"
    if seconds >= HOUR_S:
        return f"{seconds // HOUR_S} h {seconds % HOUR_S // MINUTE_S} min"
    minutes = f"{seconds // MINUTE_S} min " if seconds >= MINUTE_S else ""
    return f"{minutes}{seconds % MINUTE_S} s"
