"""The lock after wrong codes: properties of an attacker's day, and bugs they must find."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk import codes
from risk.codes import Attempt, Lock, lock_for
from tests.risk.planted import QUICK, found

NOW_US = 1_760_000_000_000_000
MINUTE_US = 60_000_000

LockFor = Callable[[str, Sequence[Attempt], int], Lock]
gaps_s = st.lists(st.integers(0, 1_200), min_size=1, max_size=60)


def each_lock_is_twice_the_one_before(lock_of: LockFor) -> None:
    @QUICK
    @given(gaps_s)
    def holds(gaps: list[int]) -> None:
        now_us, past, lengths = NOW_US, list[Attempt](), list[int]()
        for gap in gaps:
            now_us += min(gap, 100) * 1_000_000
            lock = lock_of("release", past, now_us)
            assert not lock.until_us
            past.append(Attempt(now_us, accepted=False))
            after = lock_of("release", past, now_us)
            if after.until_us:
                lengths.append(after.until_us - now_us)
                assert lock_of("release", past, after.until_us - 1).until_us == after.until_us
                now_us = after.until_us
        expected = [min(15 * 2**n, 24 * 60) * MINUTE_US for n in range(len(lengths))]
        assert lengths == expected

    holds()


def never_more_than_five_wrong_codes_in_fifteen_minutes(lock_of: LockFor) -> None:
    @QUICK
    @given(gaps_s)
    def holds(gaps: list[int]) -> None:
        now_us, past, looked_at = NOW_US, list[Attempt](), list[int]()
        for gap in gaps:
            now_us += gap * 1_000_000
            if not lock_of("release", past, now_us).until_us:
                looked_at.append(now_us)
            past.append(Attempt(now_us, accepted=False))
            recent = [at_us for at_us in looked_at if at_us > now_us - 15 * MINUTE_US]
            assert len(recent) <= 5

    holds()


def hammering_does_not_prolong_a_lock(lock_of: LockFor) -> None:
    @QUICK
    @given(st.lists(st.integers(1, 899), max_size=30))
    def holds(later_s: list[int]) -> None:
        past = [Attempt(NOW_US + n, accepted=False) for n in range(5)]
        until_us = lock_of("release", past, NOW_US + 5).until_us
        hammered = [Attempt(NOW_US + s * 1_000_000, accepted=False) for s in sorted(later_s)]
        past = [*past, *hammered]
        assert lock_of("release", past, until_us - 1).until_us == until_us
        assert lock_of("release", past, until_us) == Lock(0, 5, 1)

    holds()


def an_accepted_code_forgets_what_was_wrong(lock_of: LockFor) -> None:
    @QUICK
    @given(st.integers(1, 4), st.integers(0, 3))
    def holds(wrong: int, rounds: int) -> None:
        now_us, past = NOW_US, list[Attempt]()
        for _ in range(rounds * 5):
            now_us = max(now_us + 1, lock_of("release", past, now_us).until_us)
            past.append(Attempt(now_us, accepted=False))
        now_us = max(now_us + 1, lock_of("release", past, now_us).until_us)
        past.append(Attempt(now_us, accepted=True))
        past += [Attempt(now_us + n, accepted=False) for n in range(wrong)]
        assert lock_of("release", past, now_us + wrong) == Lock(0, 5 - wrong, 0)

    holds()


def wrong_codes_far_apart_never_lock(lock_of: LockFor) -> None:
    @QUICK
    @given(st.integers(1, 40))
    def holds(count: int) -> None:
        past = [Attempt(NOW_US + n * 4 * MINUTE_US, accepted=False) for n in range(count)]
        assert not lock_of("release", past, past[-1].at_us).until_us

    holds()


def the_brake_is_never_locked(lock_of: LockFor) -> None:
    @QUICK
    @given(st.integers(0, 200), st.integers(0, 10))
    def holds(count: int, gap_s: int) -> None:
        past = [Attempt(NOW_US + n * gap_s * 1_000_000, accepted=False) for n in range(count)]
        assert not lock_of("trip", past, NOW_US + count).until_us

    holds()


LOCK_PROPERTIES = (
    each_lock_is_twice_the_one_before,
    never_more_than_five_wrong_codes_in_fifteen_minutes,
    hammering_does_not_prolong_a_lock,
    an_accepted_code_forgets_what_was_wrong,
    wrong_codes_far_apart_never_lock,
    the_brake_is_never_locked,
)


@pytest.mark.parametrize("property_", LOCK_PROPERTIES)
def test_the_lock_keeps_its_properties(property_: Callable[[LockFor], None]) -> None:
    property_(lock_for)


def _rewritten(change: Callable[[Lock, Sequence[Attempt], int], Lock]) -> LockFor:
    def planted(purpose: str, attempts: Sequence[Attempt], now_us: int) -> Lock:
        return change(lock_for(purpose, attempts, now_us), attempts, now_us)

    return planted


def _never_doubles(purpose: str, attempts: Sequence[Attempt], now_us: int) -> Lock:
    lock = lock_for(purpose, attempts, now_us)
    begun = lock.until_us - codes.lock_length_us(lock.locks - 1) if lock.until_us else 0
    until_us = begun + codes.WINDOW_US
    return lock if not begun or now_us < until_us else Lock(0, 5, lock.locks)


def _never_doubles_whole(purpose: str, attempts: Sequence[Attempt], now_us: int) -> Lock:
    lock = _never_doubles(purpose, attempts, now_us)
    if not lock.until_us:
        return lock
    return Lock(lock.until_us - codes.lock_length_us(lock.locks - 1) + codes.WINDOW_US, 0, 1)


def _counts_tries_during_a_lock(purpose: str, attempts: Sequence[Attempt], now_us: int) -> Lock:
    lock = lock_for(purpose, attempts, now_us)
    newest = max((a.at_us for a in attempts), default=0)
    return Lock(newest + codes.WINDOW_US, 0, lock.locks) if lock.until_us else lock


def _six_tries(purpose: str, attempts: Sequence[Attempt], now_us: int) -> Lock:
    return lock_for(purpose, attempts[1:], now_us)


def _four_tries(purpose: str, attempts: Sequence[Attempt], now_us: int) -> Lock:
    if not attempts or attempts[0].accepted:
        return lock_for(purpose, attempts, now_us)
    return lock_for(purpose, [attempts[0], *attempts], now_us)


def _success_is_not_seen(purpose: str, attempts: Sequence[Attempt], now_us: int) -> Lock:
    return lock_for(purpose, [a for a in attempts if not a.accepted], now_us)


def _old_tries_are_never_forgotten(purpose: str, attempts: Sequence[Attempt], now_us: int) -> Lock:
    squeezed = [Attempt(now_us - len(attempts) + n, a.accepted) for n, a in enumerate(attempts)]
    return lock_for(purpose, squeezed, now_us)


def _the_brake_is_locked(_: str, attempts: Sequence[Attempt], now_us: int) -> Lock:
    return lock_for("release", attempts, now_us)


@pytest.mark.parametrize(
    "planted",
    [
        _never_doubles,
        _never_doubles_whole,
        _counts_tries_during_a_lock,
        _six_tries,
        _four_tries,
        _success_is_not_seen,
        _old_tries_are_never_forgotten,
        _the_brake_is_locked,
        _rewritten(lambda lock, _, __: Lock(0, lock.tries_left, lock.locks)),
        _rewritten(lambda lock, _, __: Lock(lock.until_us * 2, 0, 1) if lock.until_us else lock),
    ],
)
def test_the_properties_find_each_planted_bug_in_the_lock(planted: LockFor) -> None:
    assert found(LOCK_PROPERTIES, planted)


def test_the_lock_stops_doubling_at_a_day() -> None:
    minutes = [codes.lock_length_us(locks) // MINUTE_US for locks in (0, 1, 2, 6, 7, 500)]
    assert minutes == [15, 30, 60, 960, 1440, 1440]


@pytest.mark.parametrize(("later_us", "locked"), [(0, False), (-1, True)])
def test_a_wrong_code_counts_for_less_than_fifteen_minutes(later_us: int, locked: bool) -> None:
    past = [Attempt(NOW_US, accepted=False) for _ in range(4)]
    now_us = NOW_US + 15 * MINUTE_US + later_us
    past.append(Attempt(now_us, accepted=False))
    assert bool(lock_for("release", past, now_us).until_us) is locked
