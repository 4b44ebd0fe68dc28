"""Futures on the dashboard: a row of their own, and nothing of them is free."""

from decimal import Decimal

from domain.board import AccountView, Board, Mode
from domain.instruments import Account
from domain.market import AssetBalance, Balances, MarginBalance, Mark
from domain.table import Table
from tui.standing import holdings

D = Decimal
NOW_US = 1_800_000_000_000_000
GATE = Account("gate", "main")


def test_a_futures_wallet_is_a_row_of_its_own_and_no_order_can_use_it() -> None:
    balances = Balances(
        account=GATE,
        assets={"USDT": AssetBalance(total=D(100), used=D(10))},
        asked_us=NOW_US,
        at_us=NOW_US,
        margins={"futures": {"USDT": MarginBalance(wallet=D(900), unrealised=D(-50))}},
    )
    accounts: Table[str, AccountView] = Table({GATE: AccountView(account=GATE, balances=balances)})
    mark = Mark(asset="USDT", value=D(1), at_us=NOW_US, source="told")
    board = Board(mode=Mode.DEMO, accounts=accounts, marks=Table({"USDT": mark}))
    rows = {held.place: held for held in holdings(board, NOW_US)}
    assert set(rows) == {"gate/main", "gate/main futures"}
    futures = rows["gate/main futures"]
    assert (futures.total, futures.free, futures.value) == (D(850), D(0), D(850))
    assert rows["gate/main"].free == D(90)
    assert sum(held.share_pct or 0 for held in rows.values()) == D(100)
