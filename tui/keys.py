"""Every key of the console, in one table.

The one rule: a key exists when it has a row here. Bindings, footer, help, palette and
docs/keys.md are made from these rows, so none of them can disagree with another. Bare letters
never do what cannot be undone, and nothing sits on the keys that terminal multiplexers and
line editing have taken (ctrl + a b g h j k l o q s z).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from textual.binding import Binding, BindingType

from tui.screens.registry import SCREENS

(
    GLOBAL,
    TABLE,
    DASHBOARD,
    ORDERS,
    TICKET,
    ORDER,
    RISK,
    PNL,
    EXPLAIN,
    LOTS,
    LEDGER,
    LOGS,
    WITHDRAWALS,
) = (
    "Everywhere",
    "Tables",
    "Dashboard",
    "Orders",
    "Ticket",
    "One order",
    "Risk",
    "P&L",
    "Explanation",
    "Tax lots",
    "Ledger",
    "Logs",
    "Withdrawals",
)
KILL = "risk.kill"
FOOTER_ROOM = 8
# Key presses in these contexts can reach the keys of GLOBAL and TABLE as well.
OVER_TABLES = (DASHBOARD, ORDERS, RISK, PNL, EXPLAIN, LOTS, LEDGER, LOGS, WITHDRAWALS)
_SHOWN = {"escape": "esc", "comma": ",", "pageup": "pgup", "pagedown": "pgdn", "insert": "ins"}


@dataclass(frozen=True, slots=True)
class Key:
    """One row: `keys` as Textual writes them, `action` on the widget that owns the context.

    `footer` ranks the key in the footer (0: not there), `code` makes it a palette command.
    """

    id: str
    keys: str
    context: str
    action: str
    label: str
    help: str
    dangerous: bool = False
    footer: int = 0
    priority: bool = False
    code: str = ""

    @property
    def shown(self) -> str:
        """The first of its keys as a person reads it: `^x`, `esc`, `?`."""
        return shown(split(self.keys)[0])

    @property
    def all_shown(self) -> str:
        """All of its keys as a person reads them."""
        return " ".join(shown(key) for key in split(self.keys))


def shown(key: str) -> str:
    """One key as a person reads it."""
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+")
    if key[0] == "f" and key[1:].isdigit():
        return key.upper()
    return _SHOWN.get(key, key)


def split(keys: str) -> list[str]:
    """The keys of one row, one by one."""
    return [key.strip() for key in keys.split(",")]


def _screens() -> tuple[Key, ...]:
    return tuple(
        Key(f"go.{line.name}", line.key, GLOBAL, f"go('{line.name}')", line.title,
            f"{line.title}: {line.help}", code=line.code)
        for line in SCREENS
    )  # fmt: skip


# fmt: off
TABLE_OF_KEYS: tuple[Key, ...] = (
    Key(KILL, "ctrl+x,f12", GLOBAL, "kill", "KILL",
        "Kill switch: press twice (or type KILL) to stop trading and cancel every order",
        dangerous=True, footer=1, priority=True, code="KILL"),
    *_screens(),
    Key("go.palette", ":,ctrl+p", GLOBAL, "palette", "Command", "Command palette: names and codes",
        footer=6),
    Key("go.previous", "-", GLOBAL, "previous", "Previous", "The screen before this one"),
    Key("go.back", "escape", GLOBAL, "back", "Back", "Close, clear the filter, leave the field",
        footer=9),
    Key("go.next_field", "tab", GLOBAL, "app.focus_next", "Next", "The next field or table",
        priority=True),
    Key("go.last_field", "shift+tab", GLOBAL, "app.focus_previous", "Back",
        "The field or table before", priority=True),
    Key("app.help", "?", GLOBAL, "help", "Help", "This help; ? again closes it", footer=7,
        code="HELP"),
    Key("order.new", "n", GLOBAL, "ticket", "New order", "Open the ticket", footer=3, code="NEW"),
    Key("alarm.acknowledge", "a", GLOBAL, "acknowledge", "Ack alarms",
        "Acknowledge every alarm that is shown", code="ACK"),
    Key("view.filter", "/", GLOBAL, "filter", "Filter",
        "Filter the table: every word must match", footer=5),
    Key("view.mask", ".", GLOBAL, "mask", "Mask", "Hide or show amounts (for shared screens)",
        code="MASK"),
    Key("view.refresh", "r", GLOBAL, "refresh", "Refresh", "Ask for this screen's data again",
        code="REF"),
    Key("view.theme", "T", GLOBAL, "theme", "Theme", "The next theme: night, classic, asia, day",
        code="THM"),
    Key("view.graph", "", GLOBAL, "graph", "Graph",
        "Draw charts with braille, blocks or plain characters", code="GRAPH"),
    Key("risk.triggers", "", GLOBAL, "triggers", "Triggers",
        "What would halt the desk by itself: each trigger with what it sees now, its limit, "
        "its last trip", code="TRIG"),
    Key("app.quit", "q,ctrl+c", GLOBAL, "leave", "Quit", "Leave the console", footer=8,
        code="QUIT"),

    Key("table.down", "j,down", TABLE, "cursor(1)", "Down", "One row down"),
    Key("table.up", "k,up", TABLE, "cursor(-1)", "Up", "One row up"),
    Key("table.page_down", "pagedown", TABLE, "page(1)", "Page down", "One page down"),
    Key("table.page_up", "pageup", TABLE, "page(-1)", "Page up", "One page up"),
    Key("table.top", "g,home", TABLE, "edge(-1)", "First", "The first row"),
    Key("table.bottom", "G,end", TABLE, "edge(1)", "Last", "The last row"),
    Key("table.right", "right", TABLE, "sideways(1)", "Columns",
        "Show every column and move right through them"),
    Key("table.left", "left", TABLE, "sideways(-1)", "Columns back",
        "Move left; at the edge, fit the columns again"),
    Key("table.open", "enter", TABLE, "open", "Open", "What the row is about", footer=4),
    Key("table.sort", "s", TABLE, "sort", "Sort", "Sort by the next column"),
    Key("table.reverse", "S", TABLE, "reverse", "Reverse", "Turn the order of the rows around"),
    Key("table.mark", "*,insert", TABLE, "mark", "Mark", "Mark or unmark the row"),
    Key("table.copy", "y", TABLE, "copy('row')", "Copy",
        "Copy the row or the marked rows (if your terminal allows OSC 52)"),
    Key("table.copy_json", "Y", TABLE, "copy('json')", "Copy JSON", "Copy them as JSON"),
    Key("table.export", "e", TABLE, "export", "Export", "Write all rows that are shown to a CSV"),
    Key("table.follow", "f", TABLE, "follow", "Follow", "Stay with the newest row"),
    Key("table.pause", "space", TABLE, "pause", "Pause",
        "Freeze this table only; in LIVE it goes on by itself after 60 s"),

    Key("dashboard.markets", "m", DASHBOARD, "markets", "Markets",
        "To the markets and back to the positions", footer=4, code="MKT"),
    Key("chart.shorter", "[", DASHBOARD, "span(-1)", "Shorter", "A shorter span of the chart"),
    Key("chart.longer", "]", DASHBOARD, "span(1)", "Longer", "A longer span of the chart"),

    Key("order.cancel", "x", ORDERS, "cancel", "Cancel",
        "Cancel the selected order, or the marked ones", footer=2, code="CXL"),
    Key("order.cancel_all", "X", ORDERS, "cancel_all", "Cancel all",
        "Cancel every working order (typed word)", dangerous=True, footer=2, code="CXALL"),
    Key("order.modify", "m", ORDERS, "modify", "Modify", "Change quantity or price", footer=4,
        code="MOD"),
    Key("order.every", "o", ORDERS, "every", "Working/all", "Show finished orders too, or not",
        footer=4),
    Key("order.book", "B", ORDERS, "book", "Book", "The order book of the selected symbol, large",
        code="BOOK"),
    Key("order.requery", "u", ORDERS, "requery", "Look up", "Ask the venue for the order again",
        code="REQ"),

    Key("ticket.review", "ctrl+r", TICKET, "review", "Review",
        "Review the order (enter on the last field does the same)", footer=2),
    Key("ticket.buy", "b", TICKET, "side('buy')", "Buy", "Buy (where no text is typed)"),
    Key("ticket.sell", "s", TICKET, "side('sell')", "Sell", "Sell (where no text is typed)"),
    Key("ticket.clear", "ctrl+t", TICKET, "clear", "Clear", "Empty the ticket"),

    Key("detail.cancel", "x", ORDER, "cancel", "Cancel", "Cancel this order"),
    Key("detail.modify", "m", ORDER, "modify", "Modify", "Change quantity or price"),
    Key("detail.requery", "u", ORDER, "requery", "Look up", "Ask the venue for it again"),
    Key("detail.lost", "L", ORDER, "lost", "Give up",
        "Mark an UNKNOWN order lost (code and reason)", dangerous=True),
    Key("detail.copy", "y", ORDER, "copy", "Copy id", "Copy its client order id"),

    Key("risk.release", "R", RISK, "release", "Release", "Release the kill switch (2FA)",
        dangerous=True, footer=2, code="REL"),
    Key("risk.arm", "A", RISK, "arm", "Arm", "Let LIVE send orders (2FA)", dangerous=True,
        footer=2, code="ARM"),
    Key("risk.disarm", "D", RISK, "disarm", "Disarm", "Send no new orders; cancels nothing",
        footer=3, code="DIS"),
    Key("risk.limits", "P", RISK, "limits", "Approve limits", "Put pending limits in force (2FA)",
        dangerous=True, code="LIM"),

    Key("risk.take_back", "C", RISK, "take_back", "Take back",
        "Ask no longer for the limits that wait to be approved", footer=3, code="LBACK"),
    Key("risk.change", "L", RISK, "change", "Change limit",
        "Another value for the selected limit: lower at once; higher waits, then P (2FA)",
        code="LSET"),
    Key("risk.halts", "H", RISK, "halts", "Halts",
        "Each halt in full: its proof, each sale, what is left and why", code="HALTS"),
    Key("risk.flatten", "F", RISK, "flatten", "Flatten",
        "Show what FLATTEN would sell; it sells when its scope was typed there", dangerous=True,
        code="FLAT"),

    Key("risk.breaks", "b", RISK, "breaks", "Breaks",
        "To the open breaks and back: what contradicts what, what to do, accept it (2FA)",
        footer=3, code="BRK"),
    Key("risk.denials", "d", RISK, "denials", "Denials", "To the denials and back to the limits",
        footer=4, code="DENY"),

    Key("withdraw.new", "w", WITHDRAWALS, "new", "New", "Ask for a withdrawal; or add an address",
        footer=2, code="WNEW"),
    Key("withdraw.approve", "A", WITHDRAWALS, "approve", "Approve",
        "Approve the request, or confirm the address (2FA)", dangerous=True, footer=2, code="WOK"),
    Key("withdraw.reject", "D", WITHDRAWALS, "reject", "Deny",
        "Deny the request, or revoke the address, with a reason", footer=3, code="WNO"),
    Key("withdraw.cancel", "x", WITHDRAWALS, "cancel", "Cancel",
        "Take the request back before it is sent", footer=4),
    Key("withdraw.settle", "U", WITHDRAWALS, "settle", "Settle",
        "Say whether a request that no search finds was sent (2FA)", dangerous=True),
    Key("withdraw.book", "L", WITHDRAWALS, "book", "Addresses",
        "To the address book and back to the requests", footer=4, code="ADDR"),

    Key("pnl.shorter", "[", PNL, "window(-1)", "Shorter", "A shorter range: 24 h, 7 d, 30 d"),
    Key("pnl.longer", "]", PNL, "window(1)", "Longer", "A longer range: 30 d, today, all"),
    Key("pnl.by", "b", PNL, "by", "By", "Portfolio by asset, venue, account, or every holding",
        footer=4),
    Key("pnl.part", "m", PNL, "part", "Portfolio",
        "To the portfolio, the daily returns, and back", footer=4, code="PORT"),
    Key("pnl.account", "v", PNL, "account", "Account",
        "Profit and loss of the next account, and then of all together"),
    Key("pnl.unrealised", "u", PNL, "unrealised", "Unrealised",
        "What the unrealised figure is made of (enter: the realised one)"),
    Key("pnl.gaps", "i", PNL, "gaps", "Left out", "What the sums leave out, and why"),

    Key("explain.other", "u", EXPLAIN, "other", "Other figure",
        "From the realised figure to the unrealised one and back"),

    Key("lots.version", "v", LOTS, "version", "Version",
        "The newest allocation version and what proves it", footer=2, code="ALLOC"),

    Key("ledger.verify", "v", LEDGER, "verify", "Verify", "Check the whole hash chain", footer=2,
        code="VER"),

    Key("logs.level", "l", LOGS, "level", "Level", "The lowest level that is shown", footer=2),
    Key("logs.wrap", "z", LOGS, "wrap", "Wrap", "Wrap long lines", footer=3),
)
# fmt: on
CONTEXTS: tuple[str, ...] = tuple(dict.fromkeys(key.context for key in TABLE_OF_KEYS))


def with_keymap(keymap: Mapping[str, str]) -> tuple[Key, ...]:
    """The table with a user's keys in it; rows that the keymap does not name stay."""
    return tuple(replace(key, keys=keymap.get(key.id, key.keys)) for key in TABLE_OF_KEYS)


def bindings(context: str) -> list[BindingType]:
    """What the widget that owns `context` binds."""
    return [
        Binding(key.keys, key.action, key.label, show=False, priority=key.priority, id=key.id)
        for key in TABLE_OF_KEYS
        if key.context == context and key.keys
    ]


def footer(context: str, table: Iterable[Key] = TABLE_OF_KEYS) -> tuple[Key, ...]:
    """At most eight keys for the footer: grave ones first, then by rank."""
    reached = (context, GLOBAL) if context == TICKET else (context, GLOBAL, TABLE)
    here = [key for key in table if key.footer and key.context in reached]
    ranked = sorted(here, key=lambda key: (not key.dangerous, key.footer))
    return tuple(ranked[:FOOTER_ROOM])


def sections(
    first: str = GLOBAL, table: Iterable[Key] = TABLE_OF_KEYS
) -> list[tuple[str, list[Key]]]:
    """Every context with its keys, `first` at the top: the help."""
    rows = list(table)
    order = sorted(CONTEXTS, key=lambda context: context != first)
    return [(name, [key for key in rows if key.context == name and key.keys]) for name in order]
