"""Futures in net asset value (R-D1, golden case G18): counted, told apart, never spent."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from accounting.nav import holdings_of
from accounting.snapshots import snapshot_of
from accounting.valuation import net_asset_value
from domain.board import AccountView, Board, Mode
from domain.fold import see
from domain.instruments import Account
from domain.market import AssetBalance, Balances, MarginBalance, Mark
from domain.sightings import BalancesSeen, TotalsSeen
from domain.table import Table
from engine.books import Books
from engine.valuing import nav_report
from risk.exposure import Exposure
from tests.engine.test_loops import Noting
from tests.sim.run import staged
from tests.sim.world import Life, World

D = Decimal
NOW_US = 1_800_000_000_000_000
STALE_US = 15_000_000
ACCOUNT = Account("binance", "main")
HELD = Balances(
    account=ACCOUNT,
    assets={"USDT": AssetBalance(total=D(3_000)), "BTC": AssetBalance(total=D("0.03"))},
    asked_us=NOW_US,
    at_us=NOW_US,
    margins={"futures": {"USDT": MarginBalance(wallet=D(2_000), unrealised=D(-150))}},
)


def board_with(balances: Balances) -> Board:
    prices = (("USDT", D(1)), ("BTC", D("66666.67")))
    marks = {a: Mark(asset=a, value=v, at_us=NOW_US, source=f"{a} told") for a, v in prices}
    accounts: Table[str, AccountView] = Table(
        {ACCOUNT: AccountView(account=ACCOUNT, balances=balances)}
    )
    return Board(mode=Mode.DEMO, now_us=NOW_US, accounts=accounts, marks=Table(marks))


def test_the_margin_balance_counts_once_in_every_sum() -> None:
    board = board_with(HELD)
    report = nav_report(board, NOW_US, STALE_US, 100)
    assert report.total == D("6850.0001")
    assert net_asset_value(board, NOW_US) == (D("6850.0001"), False)
    assert not report.partial
    assert {share.name: share.value for share in report.by_asset} == {
        "USDT": D(4_850),
        "BTC": D("2000.0001"),
    }


def test_it_is_told_apart_from_what_lies_at_the_spot_market() -> None:
    report = nav_report(board_with(HELD), NOW_US, STALE_US, 100)
    told = {(line.asset, line.kind): line.value for line in report.lines}
    assert told == {
        ("USDT", "spot"): D(3_000),
        ("BTC", "spot"): D("2000.0001"),
        ("USDT", "futures wallet"): D(2_000),
        ("USDT", "futures unrealised"): D(-150),
    }


def test_two_futures_wallets_of_one_venue_have_names_of_their_own() -> None:
    margins = {**HELD.margins, "coin-futures": {"BTC": MarginBalance(wallet=D("0.01"))}}
    places = {held.place for held in holdings_of(replace(HELD, margins=margins))}
    assert {"futures wallet", "coin-futures wallet"} <= places


def test_a_wallet_that_could_not_be_read_makes_it_partial_and_is_no_zero() -> None:
    board = board_with(replace(HELD, margins={}, unread={"futures": "the key may not"}))
    report = nav_report(board, NOW_US, STALE_US, 100)
    assert report.partial
    assert report.missing == ("binance/main futures",)
    assert net_asset_value(board, NOW_US) == (D("5000.0001"), True)


def test_no_spot_order_and_no_comparison_of_balances_sees_it() -> None:
    exposure, books = Exposure(), Books()
    exposure.balances_seen(HELD)
    assert exposure.most("USDT") == D(3_000)
    assert books.differences(HELD) == {"USDT": D(3_000), "BTC": D("0.03")}


def test_a_total_that_a_stream_tells_leaves_futures_as_they_are() -> None:
    board = see(board_with(HELD), BalancesSeen(balances=HELD))
    told = TotalsSeen(account=ACCOUNT, totals={"USDT": D(2_900)}, at_us=NOW_US)
    balances = see(board, told).accounts[ACCOUNT].balances
    assert balances is not None
    assert balances.margins == HELD.margins
    assert balances.assets["USDT"].total == D(2_900)


class Trading(Noting):
    """An account with a futures wallet, which can be unreadable."""

    unread = ""

    async def balances(self) -> Balances:
        told = await super().balances()
        if self.unread:
            return replace(told, unread={"futures": self.unread})
        lies = {"BTC": MarginBalance(wallet=D(2), unrealised=D("-0.5"))}
        return replace(told, margins={"futures": lies})


def test_a_snapshot_holds_the_margin_balance_and_says_when_it_is_not_known() -> None:
    async def scene(_: World, life: Life) -> None:
        watch, snapshots = life.parts.accounts[0], life.parts.snapshots
        Trading.unread = ""
        await watch.check_balances(compare=False)
        whole = snapshots.picture()
        price = whole.prices["BTC"]
        assert whole.doubts == ()
        taken = snapshot_of(whole.nav, watch.account, date(1970, 1, 2), "00:05", "UTC")
        assert taken.margin == D("1.5") * price
        assert taken.nav - taken.margin == whole.nav.total - D("1.5") * price
        Trading.unread = "the key may not"
        await watch.check_balances(compare=False)
        blind = snapshots.picture()
        told = f"{watch.account}: its futures wallet could not be read (the key may not)"
        assert blind.doubts_of(watch.account) == (told,)
        assert snapshot_of(blind.nav, watch.account, date(1970, 1, 2), "00:05", "UTC").partial
        assert net_asset_value(life.desk.board, life.parts.floor.now_us())[1]

    staged(scene, reader=Trading)
