"""No secret may stand in a file, however a log would spell it; what a keyring holds is no leak."""

import base64
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.soak import canary
from tests.soak.home import Home
from tests.wire.factor import Factor

SECRET = "kQyT5+q/Zk1bSx9w=="  # as Kraken's are: base64 with what a URL escapes
FOUND = {"keys": {"kraken": {"read": {"key": "K" * 20, "secret": SECRET}}}}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "passphrase").write_text("a-long-passphrase\n", encoding="utf-8")
    (tmp_path / "data").mkdir()
    factor = Factor("JBSWY3DPEHPK3PXP", ("AAAA-BBBB-CCCC",))
    return Home(tmp_path, (), FOUND, factor=factor)


def test_what_the_run_keeps_for_itself_is_no_leak(home: Home) -> None:
    (home.folder / "second-factor.json").write_text("JBSWY3DPEHPK3PXP", encoding="utf-8")
    assert list(canary.leaks(home)) == []


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        quote(SECRET, safe=""),
        SECRET.encode().hex(),
        base64.b64encode(SECRET.encode()).decode(),
        "a-long-passphrase",
        "JBSWY3DPEHPK3PXP",
        "AAAA-BBBB-CCCC",
    ],
)
def test_a_secret_in_any_spelling_is_found_and_not_repeated(home: Home, spelled: str) -> None:
    (home.folder / "data" / "engine.log").write_text(f"a=1&s={spelled}&b=2", encoding="utf-8")
    [told] = canary.leaks(home)
    assert told.endswith("stands in data/engine.log")
    assert spelled not in told
