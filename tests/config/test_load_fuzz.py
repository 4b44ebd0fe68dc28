"""Whatever stands in the file, the limits that come out are finite and positive, or none do."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from config import kinds
from config.layers import Override
from config.load import Loaded, effective, load
from config.outline import settings_listed
from domain.board import Mode
from domain.errors import Misconfigured
from domain.money import number
from tests.config.tries import LIVE

MODES = (None, Mode.DEMO, Mode.PAPER, Mode.OBSERVE, Mode.LIVE)
QUICK = settings(
    max_examples=150,
    deadline=None,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

# Values as people and attackers write them, numbers above all.
_WRITTEN = """
5 0.5 1e3 1E-7 0 -1 010 .nan NaN inf -.inf 1e999 1_000 1,000 0x1F 12:30:45 ~ off
"""
numbers = st.one_of(
    st.sampled_from(_WRITTEN.split()),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.integers().map(str),
)
scalars = st.one_of(numbers, st.sampled_from(["true", "false", "on", "demo", "live", "BTC"]))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["default", "BTC", "x"]), inner),
    ),
    max_leaves=4,
)
LISTED = [path for path, _ in settings_listed()]
NAMES = {"exchanges": "kraken", "accounts": "main", "max_position_size": "BTC"}


def _named(path: tuple[str, ...]) -> tuple[str, ...]:
    around = ("", *path[:-1])
    return tuple(
        NAMES.get(block, "any") if part == "<name>" else part
        for block, part in zip(around, path, strict=True)
    )


paths = st.sampled_from(LISTED).map(_named)
risky = st.sampled_from([path for path in LISTED if path[0] == "risk"]).map(_named)


def _tree(told: list[tuple[tuple[str, ...], Any]]) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for path, value in told:
        block = root
        for name in path[:-1]:
            inner = block.get(name)
            if not isinstance(inner, dict):
                inner = block[name] = {}
            block = inner
        block[path[-1]] = value
    return root


def _sound(got: Loaded) -> None:
    limits = got.settings.limits(got.mode)
    for name, text in limits.values().items():
        value = Decimal(text)
        assert value.is_finite(), name
        assert value > 0, name
    assert limits.max_drawdown_pct < 100
    if got.mode is Mode.LIVE:
        assert got.settings.mode == "live"
        assert not got.settings.risk.missing
        assert got.settings.risk.kill_switch_enabled
    _exact(effective(got.settings))


def _exact(data: Any) -> None:
    assert not isinstance(data, float)
    for inner in (
        data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    ):
        _exact(inner)


def _loads_soundly_or_refuses(
    path: Path, mode: Mode | None, overrides: list[Override] | None = None
) -> bool:
    try:
        got = load(path, environ={}, flags=overrides or [], asked=mode)
    except Misconfigured:
        return False
    _sound(got)
    return True


@QUICK
@given(
    told=st.lists(st.tuples(st.one_of(paths, risky), values), max_size=6),
    mode=st.sampled_from(MODES),
)
def test_random_settings_load_as_finite_limits_or_are_refused(
    tmp_path: Path, told: list[tuple[tuple[str, ...], Any]], mode: Mode | None
) -> None:
    base = yaml.safe_load(LIVE) if mode in (Mode.LIVE, Mode.OBSERVE) else {}
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump({**base, **_tree(told)}, default_style='"'))
    _loads_soundly_or_refuses(path, mode)


@QUICK
@given(
    told=st.lists(st.tuples(risky, numbers), min_size=1, max_size=3), mode=st.sampled_from(MODES)
)
def test_random_flags_over_a_good_file_are_sound_or_refused(
    tmp_path: Path, told: list[tuple[tuple[str, ...], str]], mode: Mode | None
) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(LIVE)
    _loads_soundly_or_refuses(path, mode, [Override("--set", p, text) for p, text in told])


@QUICK
@given(text=st.text(max_size=80), mode=st.sampled_from(MODES))
def test_any_text_after_a_good_file_is_sound_or_refused(
    tmp_path: Path, text: str, mode: Mode | None
) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(LIVE.encode() + text.encode(errors="surrogatepass"))
    _loads_soundly_or_refuses(path, mode)


@pytest.mark.parametrize("name", ["max_order_value", "max_daily_volume", "max_drawdown_pct"])
@pytest.mark.parametrize(
    "text",
    [
        ".nan",
        ".inf",
        "-.inf",
        "nan",
        "inf",
        "Infinity",
        "1e400",
        "0",
        "-0.0",
        "-1",
        "unlimited",
        "~",
    ],
)
def test_a_limit_that_would_never_fire_is_refused(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(f"risk: {{{name}: {text}}}")
    assert not _loads_soundly_or_refuses(path, Mode.DEMO)


def test_the_fuzz_finds_an_infinite_limit_that_is_let_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def planted(text: str) -> Decimal:
        return Decimal("Infinity") if "inf" in text.lower() else number(text)

    monkeypatch.setattr(kinds, "_number", planted)
    file = tmp_path / "c.yaml"
    file.write_text(LIVE)

    # One flag at a time, so that what is planted is not hidden by another mistake.
    @settings(QUICK, max_examples=1_000, phases=[Phase.generate], database=None)
    @given(path=risky, text=numbers, mode=st.sampled_from(MODES))
    def search(path: tuple[str, ...], text: str, mode: Mode | None) -> None:
        _loads_soundly_or_refuses(file, mode, [Override("--set", path, text)])

    with pytest.raises(AssertionError):
        search()


def test_the_fuzz_also_sees_configurations_that_load(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(LIVE)
    assert all(_loads_soundly_or_refuses(path, mode) for mode in MODES)
