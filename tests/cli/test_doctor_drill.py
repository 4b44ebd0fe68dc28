"""doctor on a live book: was the kill switch proven of late?"""

from pathlib import Path

import pytest

from cli.clock import SystemClock
from cli.main import main
from domain.drills import DAY_US, DrillCompleted
from domain.instruments import Account
from tests.cli.kept_ledger import Kept
from tests.cli.test_commands import LIVE


def drilled(days: int, *, problem: str = "") -> DrillCompleted:
    return DrillCompleted(
        at_us=SystemClock().now_us() - days * DAY_US - DAY_US // 2,
        actor="ops",
        halt_id=f"d{days}",
        mode="LIVE",
        canaries=("QDA700NEW000000001",),
        accounts=(Account("kraken", "main"),),
        verified_us=1_000,
        problem=problem,
    )


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ((), "! drill: the kill switch was never drilled here"),
        ((drilled(45),), "! drill: the last drill of the kill switch is 45 days ago"),
        ((drilled(45), drilled(2, problem="not proven")), "is 45 days ago"),
        ((drilled(45), drilled(3)), "drill: proven 3 days ago"),
    ],
    ids=["never", "long ago", "the newest fell short", "of late"],
)
def test_a_live_book_is_asked_when_it_was_last_drilled(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    facts: tuple[DrillCompleted, ...],
    told: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    config = tmp_path / "trading_config.yaml"
    config.write_text(LIVE, encoding="utf-8")
    kept = Kept(tmp_path / "data", "live")
    if facts:
        kept.append(*facts)
    main(["doctor", "--config", str(config), "--data-dir", str(tmp_path / "data"), "--live"])
    assert told in capsys.readouterr().out


def test_a_live_book_without_a_ledger_has_nothing_to_be_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    config = tmp_path / "trading_config.yaml"
    config.write_text(LIVE, encoding="utf-8")
    main(["doctor", "--config", str(config), "--data-dir", str(tmp_path / "data"), "--live"])
    told = capsys.readouterr().out
    assert "data directory" in told
    assert "drill" not in told
