"""Everything that is wrong is told at once, each with its place and its remedy."""

from pathlib import Path

import pytest

from domain.errors import Misconfigured
from tests.config.tries import loaded, refused

WRONG = """\
mode: lve
risk:
  max_order_value: .nan
  max_order_valu: 5
  max_daily_volume: 1e999
  max_drawdown_pct: 100
  max_open_orders: 0
  price_collar_pct: [1]
  max_position_size: {btc: 5}
exchanges:
  gateio: {enabled: on}
  kraken: {sandbox: true, rate_limit: 0, acounts: {}}
max_order_value: 5
logging: {immutable: false, level: info}
operators: {alice: {os_uid: 1, roles: [viewer, boss]}}
time_zone: Mars
"""
EXPECTED = [
    (1, "mode", "write live"),
    (3, "risk.max_order_value", "'.nan' is not a number"),
    (4, "risk.max_order_valu", "did you mean max_order_value?"),
    (5, "risk.max_daily_volume", "beyond"),
    (6, "risk.max_drawdown_pct", "under 100"),
    (7, "risk.max_open_orders", "write 1 to"),
    (8, "risk.price_collar_pct", "takes one value"),
    (9, "risk.max_position_size.btc", "in capitals"),
    (11, "exchanges.gateio", "gate now"),
    (11, "exchanges.gateio.enabled", "write true"),
    (12, "exchanges.kraken.sandbox", "sandbox"),
    (12, "exchanges.kraken.rate_limit", "over zero"),
    (12, "exchanges.kraken.acounts", "did you mean accounts?"),
    (13, "max_order_value", "it belongs under risk"),
    (14, "logging.immutable", "always append-only"),
    (14, "logging.level", "write INFO"),
    (15, "operators.alice.roles.1", "write one of viewer"),
    (16, "time_zone", "not a time zone"),
]


def test_every_mistake_of_a_file_is_told_at_once_in_the_order_of_its_lines(tmp_path: Path) -> None:
    found = refused(tmp_path, WRONG)
    assert len(found) == len(EXPECTED)
    told = {line.split(": ")[0]: line for line in found}
    for line, path, words in EXPECTED:
        assert words in told[f"c.yaml line {line}, {path}"]
    numbers = [int(line.split()[2].rstrip(",")) for line in found]
    assert numbers == sorted(numbers)


def test_a_single_mistake_names_its_place_in_the_first_line(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as raised:
        loaded(tmp_path, "\nrisk:\n  max_order_value: -1\n")
    assert raised.value.where == f"{tmp_path}/c.yaml line 3, risk.max_order_value"
    assert raised.value.hint == "'-1' is too low; it has to be over zero"


def test_a_place_is_complained_of_once(tmp_path: Path) -> None:
    found = refused(tmp_path, "demo: &x {scenario: bull}\nconsole: *x\n")
    assert len(found) == 2
    assert all("anchors and aliases" in line for line in found)


def test_a_broken_file_is_not_judged_by_the_half_that_was_read(tmp_path: Path) -> None:
    (only,) = refused(tmp_path, "nonsense: 1\nrisk: [\n")
    assert only.startswith("c.yaml line 3: ")


def test_what_is_missing_in_a_block_is_told_with_the_line_of_the_block(tmp_path: Path) -> None:
    text = "withdrawals:\n  recipient_allowlist:\n    safe: {venue: kraken, asset: BTC}\n"
    assert refused(tmp_path, text) == [
        "c.yaml line 3, withdrawals.recipient_allowlist.safe.network: is missing",
        "c.yaml line 3, withdrawals.recipient_allowlist.safe.address: is missing",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("risk: 5", "takes a block of settings"),
        ("risk: [a]", "takes a block of settings"),
        ("exchanges: kraken", "takes a block of settings"),
        ("exchanges: {kraken: on}", "takes a block of settings"),
        ("demo: bull", "takes a block of settings"),
        ("tracked_assets: {BTC: }", "takes a list"),
        ("tracked_assets: [BTC, [ETH]]", "takes one value"),
        ("mode: [demo]", "takes one value"),
        ("mode:", "has no value"),
        ("risk: {max_order_value: }", "has no value"),
        ("risk: {max_position_size: {BTC: }}", "has no value"),
        ("version: 2", "write 1 to 1"),
        ("zz: 1", "known here: version, mode"),
        ("<<: {mode: live}", "no such setting"),
        ("exchanges: {kraken: {accounts: {main: {read: CANARYSECRETKEY}}}}", "not a reference"),
        ("exchanges: {kraken: {accounts: {main: {read: 'vault:a b'}}}}", "after vault:"),
        ("exchanges: {kraken: {accounts: {main: {read: 'aws:/x'}}}}", "after aws:"),
        ("exchanges: {gate: {accounts: {main: {wallets: [futures]}}}}", "spot is always read"),
        ("exchanges: {gate: {accounts: {main: {wallets: [spot, swap]}}}}", "coin-futures"),
        ("exchanges: {kraken: {accounts: {main: {read: 'env:lower'}}}}", "after env:"),
        ("exchanges: {kraken: {accounts: {main: {read: 'file:'}}}}", "after file:"),
        ("exchanges: {kraken: {accounts: {main: {read: 'file:x.qd'}}}}", "from / or ~/ on"),
        ("exchanges: {kraken: {accounts: {main: {read: 'keyring:x'}}}}", "after keyring:"),
        ("exchanges: {kraken: {accounts: {main: {api_key: CANARYSECRETKEY}}}}", "no such setting"),
        ("exchanges: {kraken: {api_secret: CANARYSECRETKEY}}", "no such setting"),
        ("monitoring: {prometheus_port: 3000}", "prometheus_port is the same"),
        ("operators: {a: {os_uid: 5, roles: [viewer]}}", "nobody has the role admin"),
        (
            "operators: {a: {os_uid: 5, roles: [admin]}, b: {os_uid: 5, roles: []}}",
            "another operator's too",
        ),
        ("engine: {publish_hz: 1000}", "write 1 to 30"),
        ("engine: {base_currency: USD}", "no such setting here"),
        ("engine: {drain_cancels_orders: 1}", "write true"),
        ("engine: {dead_man_s: 9}", "write 0 (off), or 10 to 3600"),
        ("engine: {dead_man_s: 3601}", "write 0 to 3600"),
        ("withdrawals: {auto_approve_under: -1}", "zero or more"),
        ("reconciliation: {frequency: sometimes}", "not a schedule"),
        ("gateway: https://user:pw@proxy:8443", "user or password"),
        ("historical_start_date: yesterday", "not a date"),
    ],
)
def test_a_mistaken_setting_is_refused(tmp_path: Path, text: str, words: str) -> None:
    found = " ".join(refused(tmp_path, text))
    assert words in found
    assert "CANARY" not in found
    assert "c.yaml line 1" in found or "c.yaml:" not in found


@pytest.mark.parametrize(
    "venue", ["kraken", "coinbase", "kucoin", "mexc", "bitfinex", "binanceus", "unheardof"]
)
def test_a_sandbox_that_does_not_exist_is_refused(tmp_path: Path, venue: str) -> None:
    (only,) = refused(tmp_path, f"exchanges: {{{venue}: {{sandbox: true}}}}")
    assert f"exchanges.{venue}.sandbox" in only


def test_a_flood_of_mistakes_is_cut_and_counted(tmp_path: Path) -> None:
    text = "\n".join(f"nonsense_{number}: 1" for number in range(40))
    found = refused(tmp_path, text)
    assert len(found) == 26
    assert found[-1] == "and 15 more"
