"""Second-factor codes against RFC 6238, pyotp, and properties that planted bugs must break."""

import base64
from collections.abc import Callable

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk import codes
from risk.codes import BadSeed, Wrong, code_at, step_at, verify_code
from tests.risk.planted import QUICK, found

RFC_SEED = base64.b32encode(b"12345678901234567890").decode()
OTHER_SEED = base64.b32encode(b"09876543210987654321").decode()
NOW_US = 1_760_000_000_000_000
MINUTE_US = 60_000_000

# RFC 6238 appendix B, the SHA-1 rows: seconds since 1970 and eight digits.
RFC_6238 = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


@pytest.mark.parametrize(("at_s", "code"), RFC_6238)
def test_codes_equal_the_vectors_of_rfc_6238(at_s: int, code: str) -> None:
    step = step_at(at_s * 1_000_000)
    assert code_at(RFC_SEED, step, digits=8) == code
    assert code_at(RFC_SEED, step) == code[-6:]


@given(st.binary(min_size=16, max_size=40), st.integers(0, 4_000_000_000))
def test_codes_equal_those_of_an_independent_implementation(seed: bytes, at_s: int) -> None:
    text = base64.b32encode(seed).decode()
    theirs = pyotp.TOTP(text).at(at_s)
    assert code_at(text.rstrip("="), step_at(at_s * 1_000_000)) == theirs


def test_a_seed_is_read_as_people_write_it() -> None:
    spaced = " ".join(RFC_SEED[at : at + 4] for at in range(0, len(RFC_SEED), 4)).lower()
    assert code_at(spaced, 1) == code_at(RFC_SEED, 1)


@pytest.mark.parametrize("seed", ["", "JBSWY3DPEHPK3PXP", "0189!", "ABCDEFG", "Ä" * 32])
def test_a_short_or_garbled_seed_is_refused(seed: str) -> None:
    with pytest.raises(BadSeed):
        code_at(seed, 1)


def test_the_seconds_left_count_down_from_thirty() -> None:
    start_us = step_at(NOW_US) * 30_000_000
    assert codes.seconds_left(start_us) == 30
    assert codes.seconds_left(start_us + 29_999_999) == 1


# Verification: each property takes the implementation, so that planted bugs can be tried on it.

Verify = Callable[[str, str, int, int], int | Wrong]
now_us_values = st.integers(NOW_US, NOW_US + 10**12)


def a_code_of_now_or_just_before_is_accepted_and_no_other(verify: Verify) -> None:
    @QUICK
    @given(now_us_values, st.integers(-4, 4))
    def holds(now_us: int, offset: int) -> None:
        step = step_at(now_us) + offset
        code = code_at(RFC_SEED, step)
        near = {code_at(RFC_SEED, step_at(now_us) + near) for near in (-1, 0)}
        answer = verify(RFC_SEED, code, now_us, -1)
        assert isinstance(answer, int) == (code in near), offset
        assert not isinstance(answer, int) or code_at(RFC_SEED, answer) == code

    holds()


def accepted_steps_only_grow(verify: Verify) -> None:
    @QUICK
    @given(now_us_values, st.lists(st.tuples(st.integers(0, 20), st.integers(-2, 1)), min_size=4))
    def holds(now_us: int, tries: list[tuple[int, int]]) -> None:
        last = -1
        for wait_s, offset in tries:
            now_us += wait_s * 1_000_000
            code = code_at(RFC_SEED, step_at(now_us) + offset)
            answer = verify(RFC_SEED, code, now_us, last)
            if isinstance(answer, int):
                assert answer > last
                last = answer

    holds()


def only_six_ascii_digits_are_a_code(verify: Verify) -> None:
    @QUICK
    @given(now_us_values, st.sampled_from("\u0660\u06f0\u0966\uff10"), st.integers(0, 5))
    def holds(now_us: int, zero: str, at: int) -> None:
        code = code_at(RFC_SEED, step_at(now_us))
        foreign = code[:at] + chr(ord(zero) + int(code[at])) + code[at + 1 :]
        for text in (foreign, f" {code}", f"{code}\n", code[1:], f"0{code}", code.lstrip("0")):
            shown = verify(RFC_SEED, text, now_us, -1)
            assert shown is Wrong.FORMAT or text == code

    holds()


def another_seeds_code_is_wrong(verify: Verify) -> None:
    @QUICK
    @given(now_us_values)
    def holds(now_us: int) -> None:
        code = code_at(OTHER_SEED, step_at(now_us))
        ours = {code_at(RFC_SEED, step_at(now_us) + offset) for offset in (-1, 0)}
        assert code in ours or verify(RFC_SEED, code, now_us, -1) is Wrong.MISMATCH

    holds()


VERIFY_PROPERTIES = (
    a_code_of_now_or_just_before_is_accepted_and_no_other,
    accepted_steps_only_grow,
    only_six_ascii_digits_are_a_code,
    another_seeds_code_is_wrong,
)


@pytest.mark.parametrize("property_", VERIFY_PROPERTIES)
def test_verification_keeps_its_properties(property_: Callable[[Verify], None]) -> None:
    property_(verify_code)


def _replay_accepted(seed: str, code: str, now_us: int, _: int) -> int | Wrong:
    return verify_code(seed, code, now_us, -1)


def _only_the_last_step_is_remembered(seed: str, code: str, now_us: int, last: int) -> int | Wrong:
    answer = verify_code(seed, code, now_us, -1)
    return Wrong.REPLAYED if answer == last else answer


def _a_step_ahead_accepted(seed: str, code: str, now_us: int, last: int) -> int | Wrong:
    return verify_code(seed, code, now_us, last, latest=1)


def _two_steps_ahead_accepted(seed: str, code: str, now_us: int, last: int) -> int | Wrong:
    return verify_code(seed, code, now_us, last, latest=2)


def _two_steps_late_accepted(seed: str, code: str, now_us: int, last: int) -> int | Wrong:
    return verify_code(seed, code, now_us, last, earliest=-2)


def _the_code_before_refused(seed: str, code: str, now_us: int, last: int) -> int | Wrong:
    return verify_code(seed, code, now_us, last, earliest=0)


def _the_step_of_now_returned(seed: str, code: str, now_us: int, last: int) -> int | Wrong:
    answer = verify_code(seed, code, now_us, last)
    return step_at(now_us) if isinstance(answer, int) else answer


def _foreign_digits_accepted(seed: str, code: str, now_us: int, last: int) -> int | Wrong:
    plain = "".join(str(int(c)) if c.isdigit() else c for c in code)
    return verify_code(seed, plain, now_us, last)


def _blanks_accepted(seed: str, code: str, now_us: int, last: int) -> int | Wrong:
    return verify_code(seed, code.strip(), now_us, last)


def _compared_as_numbers(seed: str, code: str, now_us: int, last: int) -> int | Wrong:
    return verify_code(seed, code[-6:].zfill(6), now_us, last)


def _any_six_digits_accepted(seed: str, code: str, now_us: int, last: int) -> int | Wrong:
    answer = verify_code(seed, code, now_us, last)
    return step_at(now_us) if answer is Wrong.MISMATCH else answer


@pytest.mark.parametrize(
    "planted",
    [
        _replay_accepted,
        _only_the_last_step_is_remembered,
        _a_step_ahead_accepted,
        _two_steps_ahead_accepted,
        _two_steps_late_accepted,
        _the_code_before_refused,
        _the_step_of_now_returned,
        _foreign_digits_accepted,
        _blanks_accepted,
        _compared_as_numbers,
        _any_six_digits_accepted,
    ],
)
def test_the_properties_find_each_planted_bug_in_verification(planted: Verify) -> None:
    assert found(VERIFY_PROPERTIES, planted)


def test_a_replay_is_told_apart_from_a_wrong_code() -> None:
    step = step_at(NOW_US)
    code = code_at(RFC_SEED, step)
    assert verify_code(RFC_SEED, code, NOW_US, step) is Wrong.REPLAYED
    assert verify_code(RFC_SEED, code, NOW_US, step - 1) == step
    assert verify_code(RFC_SEED, code, NOW_US + 2 * 30_000_000, -1) is Wrong.MISMATCH


def test_a_wider_window_has_to_be_asked_for() -> None:
    ahead = code_at(RFC_SEED, step_at(NOW_US) + 1)
    assert verify_code(RFC_SEED, ahead, NOW_US, -1) is Wrong.MISMATCH
    assert verify_code(RFC_SEED, ahead, NOW_US, -1, latest=1) == step_at(NOW_US) + 1


def test_the_first_step_of_all_has_no_code_before_it() -> None:
    assert verify_code(RFC_SEED, code_at(RFC_SEED, 0), 0, -1) == 0


# Enrolment


def test_enrolment_needs_two_codes_in_a_row_and_a_present_one() -> None:
    step = step_at(NOW_US)
    before, now, ahead = (code_at(RFC_SEED, step + offset) for offset in (-1, 0, 1))
    assert codes.verify_enrolment(RFC_SEED, before, now, NOW_US) == step
    assert codes.verify_enrolment(RFC_SEED, now, now, NOW_US) is Wrong.NOT_CONSECUTIVE
    assert codes.verify_enrolment(RFC_SEED, now, before, NOW_US) is Wrong.NOT_CONSECUTIVE
    assert codes.verify_enrolment(RFC_SEED, now, ahead, NOW_US) is Wrong.MISMATCH
    assert codes.verify_enrolment(RFC_SEED, "12345", now, NOW_US) is Wrong.FORMAT
    assert codes.verify_enrolment(RFC_SEED, before, "12345", NOW_US) is Wrong.FORMAT
    assert codes.verify_enrolment(RFC_SEED, before, now, NOW_US, step) is Wrong.REPLAYED


def test_a_seed_has_160_bits_and_its_uri_is_read_by_an_authenticator() -> None:
    seed = codes.new_seed(lambda count: (1 << count) - 1)
    assert len(base64.b32decode(seed)) * 8 == 160
    uri = codes.provisioning_uri(seed, "alice@desk & co", "Quarterdeck LIVE")
    read = pyotp.parse_uri(uri)
    assert isinstance(read, pyotp.TOTP)
    assert read.secret == seed
    assert (read.issuer, read.name) == ("Quarterdeck LIVE", "alice@desk & co")
    assert read.at(1_760_000_000) == code_at(seed, step_at(NOW_US))
    with pytest.raises(BadSeed):
        codes.provisioning_uri("short", "alice", "Quarterdeck")
