"""The screens, in the order of their digits. Adding one is one line here.

The one rule: a screen is named by its module, and imported when it is first visited, so that
the first paint pays for one screen only.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScreenLine:
    """One screen: key, name, title (short below 100 columns), palette code, module:class."""

    key: str
    name: str
    title: str
    short: str
    code: str
    where: str
    help: str


SCREENS: tuple[ScreenLine, ...] = (
    ScreenLine("1", "dashboard", "Dashboard", "Dash", "DASH", "dashboard:Dashboard", "the desk"),
    ScreenLine("2", "orders", "Orders", "Ord", "ORD", "orders:Orders", "orders, ticket, book"),
    ScreenLine("3", "blotter", "Blotter", "Blot", "BLT", "blotter:Blotter", "every execution"),
    ScreenLine("4", "risk", "Risk", "Risk", "RISK", "risk:Risk", "limits and the kill switch"),
    ScreenLine(
        "5", "withdrawals", "Withdraw", "Wdr", "WDR", "withdrawals:Withdrawals", "money that leaves"
    ),
    ScreenLine("7", "pnl", "P&L", "P&L", "PNL", "pnl:PnlScreen", "portfolio, profit and loss"),
    ScreenLine("8", "lots", "Tax lots", "Tax", "TAX", "lots:Lots", "open lots and their terms"),
    ScreenLine("9", "ledger", "Ledger", "Ledg", "LED", "ledger:LedgerScreen", "the audit log"),
    ScreenLine("0", "logs", "Logs", "Logs", "LOG", "logs:Logs", "what the engine says"),
    ScreenLine(
        "comma", "health", "Health", "Hlth", "HLTH", "health:HealthScreen", "feeds and settings"
    ),
)
HOME = SCREENS[0].name


def screen(name: str) -> ScreenLine:
    """The screen called `name`."""
    return next(line for line in SCREENS if line.name == name)
