"""Numbers, ages and times as the screens write them: exact in, text out, no state.

The one rule: a figure is never silently shortened. What does not fit is written with fewer
digits and a unit (`31.2k`, `1.20e30`) or ends in `…`, and a usage below its limit never
rounds up to 100 %.
"""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from functools import lru_cache

from domain.days import SECOND_US, moment
from domain.money import MONEY, ZERO, canonical

MASK = "•••"
DASH, TIMES = "\N{EN DASH}", "\N{MULTIPLICATION SIGN}"
UP, DOWN, FLAT = "▲", "▼", " "
_HUGE = Decimal(10) ** 15
_DECIMALS_WITHOUT_LOT = 8
_GROUPED = 28  # digits; beyond, no number is read in groups anyway
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_TENTHS_UNTIL_S, _TENTHS_UNTIL_US = 3, 10_000  # ages and latencies below have one decimal
_KIBI, _KIBI_TENTHS = 1_024, 10_240
_SHORT_UNITS = (
    (Decimal(10) ** 12, "T"),
    (Decimal(10) ** 9, "G"),
    (Decimal(10) ** 6, "M"),
    (Decimal(10) ** 3, "k"),
)
_WIDEST_SHORT = Decimal(10) ** 15
_HUNDRED = Decimal(100)


@lru_cache(maxsize=64)
def _step(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)


@lru_cache(maxsize=1_024)
def places_of(step: Decimal) -> int:
    """How many decimals a tick or lot needs: 0.01 → 2, 0.5 → 1, 10 → 0."""
    exponent = step.normalize(MONEY).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def grouped(value: Decimal, places: int, *, rounding: str = ROUND_HALF_EVEN) -> str:
    """`12,345.60`: thousands in groups, exactly `places` decimals, never `-0.00`."""
    if abs(value) >= _HUGE:
        return scientific(value)
    rounded = value.quantize(_step(places), rounding, MONEY)
    return format(rounded or abs(rounded), ",f")


def scientific(value: Decimal) -> str:
    """`1.20e30`, for magnitudes that no column is made for."""
    return format(MONEY.plus(value), ".2e").replace("e+", "e").replace("E+", "e")


def money(value: Decimal) -> str:
    """An amount of the base currency with two decimals."""
    return grouped(value, 2)


def price(value: Decimal | None, tick: Decimal | None = None) -> str:
    """A price with the decimals of its tick; without a tick, five significant digits."""
    if value is None:
        return DASH
    if tick is not None:
        return grouped(value, places_of(tick))
    return grouped(value, max(2, 4 - value.adjusted()) if value else 2)


def quantity(value: Decimal | None, lot: Decimal | None = None) -> str:
    """A quantity with the decimals of its lot; without a lot, up to eight, trimmed.

    Dust that would read as zero is written `<0.00000001`, because it is not zero.
    """
    if value is None:
        return DASH
    if lot is not None:
        return grouped(value, places_of(lot), rounding=ROUND_DOWN)
    text = grouped(value, _DECIMALS_WITHOUT_LOT, rounding=ROUND_DOWN)
    if value and not any(digit in text for digit in "123456789"):
        return f"{'-' if value < 0 else ''}<{_step(_DECIMALS_WITHOUT_LOT):f}"
    if "." in text and "e" not in text:
        text = text.rstrip("0").rstrip(".")
    return text


def exact(value: Decimal) -> str:
    """Every digit of a number, in groups: what is about to be sent is never rounded."""
    whole, point, decimals = canonical(value).partition(".")
    grouped_whole = f"{Decimal(whole):,f}" if len(whole) <= _GROUPED else whole
    return grouped_whole + point + decimals


def short(value: Decimal) -> str:
    """About three digits and a unit: `950`, `31.2k`, `1.05M`, `1.20e30`."""
    size = abs(value)
    if size >= _WIDEST_SHORT:
        return scientific(value)
    for unit, letter in _SHORT_UNITS:
        if size >= unit:
            scaled = MONEY.divide(value, unit)
            return f"{grouped(scaled, max(0, 2 - scaled.adjusted()))}{letter}"
    if size >= _HUNDRED or value == value.to_integral_value(ROUND_DOWN):
        return grouped(value, 0)
    return grouped(value, 2)


def signed(value: Decimal, places: int = 2) -> str:
    """`▲ +1,254.30`, `▼ -79.10`, `  0.00`: the sign as shape, as sign, never as colour alone."""
    text = grouped(value, places)
    if value > ZERO:
        return f"{UP} +{text}"
    return f"{DOWN} {text if text.startswith('-') else '-' + text}" if value < ZERO else f"  {text}"


def direction(value: Decimal | None) -> str:
    """The tone of a gain, a loss, or neither."""
    if value is None or value == ZERO:
        return ""
    return "up" if value > ZERO else "down"


def percent(value: Decimal, places: int = 2) -> str:
    """A percentage that is already one (5 = 5 %)."""
    return f"{grouped(value, places, rounding=ROUND_HALF_UP)}%"


def ratio_pct(part: Decimal, whole: Decimal) -> Decimal:
    """`part` of `whole` in percent; 0 when there is no whole."""
    return MONEY.divide(part * _HUNDRED, whole) if whole else ZERO


def usage_pct(used: Decimal, limit: Decimal) -> str:
    """How much of a limit is used, rounded down: only a full limit reads 100 %."""
    return f"{grouped(ratio_pct(used, limit), 0, rounding=ROUND_DOWN)}%"


def age(elapsed_us: int) -> str:
    """`0.3 s`, `9 s`, `4 m`, `2 h`, `3 d`; time that has not come yet counts as 0.0 s."""
    tenths = max(0, elapsed_us) // (SECOND_US // 10)
    seconds = tenths // 10
    if seconds < _TENTHS_UNTIL_S:
        return f"{seconds}.{tenths % 10} s"
    if seconds < 2 * _MINUTE:
        return f"{seconds} s"
    if seconds < 2 * _HOUR:
        return f"{seconds // _MINUTE} m"
    return f"{seconds // _HOUR} h" if seconds < 2 * _DAY else f"{seconds // _DAY} d"


def since(at_us: int, now_us: int) -> str:
    """The age of a moment; `never` for 0."""
    return age(now_us - at_us) if at_us else "never"


def clock(at_us: int) -> str:
    """`12:00:07` UTC."""
    return f"{moment(at_us):%H:%M:%S}"


def clock_ms(at_us: int) -> str:
    """`12:00:07.120` UTC."""
    return f"{moment(at_us):%H:%M:%S}.{at_us // 1_000 % 1_000:03d}"


def when(at_us: int, now_us: int) -> str:
    """The time of day for today, else month and day: never more than 8 characters."""
    if not at_us:
        return DASH
    told, now = moment(at_us), moment(now_us)
    return f"{told:%H:%M:%S}" if told.date() == now.date() else f"{told:%m-%d}"


def when_ms(at_us: int, now_us: int) -> str:
    """`12:00:07.120` for today, else `11-19 12:00`: never more than 12 characters."""
    told, now = moment(at_us), moment(now_us)
    return clock_ms(at_us) if told.date() == now.date() else f"{told:%m-%d %H:%M}"


def stamp(at_us: int) -> str:
    """`2026-11-20 12:00:07Z`."""
    return f"{moment(at_us):%Y-%m-%d %H:%M:%S}Z"


def file_stamp(at_us: int) -> str:
    """`20261120T120007Z`, for file names."""
    return f"{moment(at_us):%Y%m%dT%H%M%S}Z"


def millis(elapsed_us: int) -> str:
    """`212 ms`; below ten milliseconds with one decimal."""
    if 0 <= elapsed_us < _TENTHS_UNTIL_US:
        return f"{elapsed_us // 1_000}.{elapsed_us % 1_000 // 100} ms"
    return f"{elapsed_us // 1_000:,} ms"


def size(count: int) -> str:
    """Bytes: `812 B`, `4.1 MiB`."""
    tenths = count * 10
    for unit in ("B", "KiB", "MiB", "GiB"):
        if tenths < _KIBI_TENTHS or unit == "GiB":
            return f"{count} B" if unit == "B" else f"{tenths // 10:,}.{tenths % 10} {unit}"
        tenths //= _KIBI
    raise AssertionError("the last unit answers")


def counted(number: int, one: str, many: str = "") -> str:
    """`1 order`, `7 orders`, `1,204 rows`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
