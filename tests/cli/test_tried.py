"""Keys as `test-connection` tells them: what the venue says, what is wrong, what to do."""

from cli.tried import key_rows, keys_seen_by
from domain.board import AccountView, Board, Mode, VenueView
from domain.instruments import Account
from domain.keys import Finding, Ill, KeyReport, KeyView, Purpose, Right, key_of
from domain.table import Table

MAIN = Account("kraken", "main")
WIDE = Finding(ill=Ill.TOO_WIDE, text="the read key can also withdraw", remedy="take it away")
NARROW = Finding(ill=Ill.TOO_NARROW, text="it lacks Funds: Query", remedy="give it")
REPORT = KeyReport(
    fingerprint="f", rights=(Right.READ, Right.WITHDRAW), bound=True,
    addresses=("203.0.113.7",), uid="AA88",
)  # fmt: skip


def test_a_key_is_told_in_one_line_and_each_ill_in_one_of_its_own() -> None:
    rows = list(key_rows(MAIN, Purpose.READ, REPORT, (WIDE, NARROW)))
    assert [row.sign for row in rows] == ["✓", "!", "✗"]
    assert rows[0].found == "may read, withdraw; from 203.0.113.7 only; account AA88"
    assert (rows[1].found, rows[1].remedy) == (WIDE.text, WIDE.remedy)
    assert {row.what for row in rows} == {"read key"}


def test_what_is_not_told_is_said_with_its_reason() -> None:
    report = KeyReport(fingerprint="f", problem="its API does not tell", bound=False)
    (row,) = key_rows(MAIN, Purpose.TRADE, report, ())
    assert row.found == "its rights are not told (its API does not tell); from any address"
    nothing = KeyReport(fingerprint="f", rights=(), bound=True)
    (row,) = key_rows(MAIN, Purpose.TRADE, nothing, ())
    assert row.found == "may do nothing; from its own addresses only"


def test_an_engine_s_board_tells_its_keys_and_the_accounts_that_it_refuses() -> None:
    gone = Account("kraken", "gone")
    views = [
        KeyView(account=account, purpose=Purpose.READ, report=REPORT, findings=(WIDE,))
        for account in (MAIN, gone)
    ]
    board = Board(
        mode=Mode.LIVE,
        accounts=Table({MAIN: AccountView(account=MAIN, refused="it is another account")}),
        venues=Table({"kraken": VenueView(venue="kraken", accounts=(MAIN,))}),
        keys=Table({key_of(view.account, view.purpose): view for view in views}),
    )
    rows = list(keys_seen_by(board))
    assert [(row.who, row.what, row.sign) for row in rows] == [
        (MAIN, "read key", "✓"),
        (MAIN, "read key", "!"),
        (MAIN, "orders", "✗"),
    ]
    assert "it is another account" in rows[-1].found
