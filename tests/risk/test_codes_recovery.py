"""Recovery codes: enough bits, read as people write them, used once."""

import hashlib
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from risk import codes
from risk.codes import Wrong


def _bits(text: str) -> Callable[[int], int]:
    """Repeatable bits, as many as are asked for, different at each call."""
    calls = iter(range(1_000))

    def bits(count: int) -> int:
        drawn = hashlib.sha512(f"{text}{next(calls)}".encode()).digest()
        return int.from_bytes(drawn, "big") % (1 << count)

    return bits


def _always(value: int) -> Callable[[int], int]:
    return lambda _: value


def test_ten_recovery_codes_hold_all_of_their_bits_in_readable_groups() -> None:
    asked: list[int] = []
    source = _bits("ten")

    def counted(count: int) -> int:
        asked.append(count)
        return source(count)

    made = codes.new_recovery_codes(counted)
    assert len(set(made)) == 10
    assert asked == [codes.RECOVERY_BITS] * 10
    assert codes.RECOVERY_BITS >= 112
    assert all(len(code.split("-")) == 6 and len(code) == 29 for code in made)
    assert not set("".join(made)) & set("ILOU")


@given(st.integers(0, 2**120 - 1), st.integers(0, 2**120 - 1))
def test_different_bits_make_different_recovery_codes(one: int, other: int) -> None:
    first, second = (codes.new_recovery_codes(_always(n)) for n in (one, other))
    assert (first == second) == (one == other)


def test_a_recovery_code_works_once_however_it_is_written() -> None:
    salts = [codes.new_salt(_bits(f"salt{n}")) for n in range(10)]
    made = codes.new_recovery_codes(_bits("made"))
    kept = [codes.recovery_digest(code, salt) for code, salt in zip(made, salts, strict=True)]
    untidy = f"  {made[3].lower().replace('-', ' ').replace('0', 'o').replace('1', 'l')} "
    answer = codes.verify_recovery(untidy, kept, used=())
    assert answer == kept[3]
    assert codes.verify_recovery(made[3], kept, used=[kept[3]]) is Wrong.RECOVERY_USED
    assert codes.verify_recovery(made[4], kept, used=[kept[3]]) == kept[4]


@given(st.text(max_size=40))
def test_no_other_text_is_a_recovery_code(text: str) -> None:
    kept = [codes.recovery_digest(code, "5a17") for code in codes.new_recovery_codes(_bits("x"))]
    assert codes.verify_recovery(text, kept, ()) is Wrong.RECOVERY_UNKNOWN


def test_a_digest_does_not_show_the_code_and_depends_on_its_salt() -> None:
    code = codes.new_recovery_codes(_bits("one"))[0]
    one, other = codes.recovery_digest(code, "aa"), codes.recovery_digest(code, "bb")
    assert one.partition(":")[2] != other.partition(":")[2]
    assert code not in one
    assert codes.verify_recovery("\ud800", [one], ()) is Wrong.RECOVERY_UNKNOWN
    assert codes.verify_recovery("", [], ()) is Wrong.RECOVERY_UNKNOWN
