"""The token bucket: never over the venue's pace, the urgent first, cancels always served."""

import asyncio
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Unavailable
from tests.venues.virtual import LoopClock, run
from venues.budget import PATIENCE_S, Allowance, Budget, HeldBack, Pace, Priority, Silence

CANCEL, LOOK_UP, ORDER, READ = Priority


def budget(capacity: float = 10, per_s: float = 1.0) -> Budget:
    return Budget("kraken", Pace(capacity, per_s), LoopClock())


async def drained(capacity: float = 10, per_s: float = 1.0) -> Budget:
    bucket = budget(capacity, per_s)
    for _ in range(int(capacity * 0.8)):
        await bucket.take(1, READ)
    return bucket


def test_a_full_bucket_answers_at_once() -> None:
    async def take() -> float:
        bucket = budget()
        for _ in range(8):
            await bucket.take(1, READ)
        return asyncio.get_running_loop().time() - 1_000

    assert run(take()) == 0


def test_a_read_waits_until_the_venue_has_forgotten_enough() -> None:
    async def take() -> float:
        bucket = await drained(per_s=0.5)
        await bucket.take(1, READ)
        return asyncio.get_running_loop().time() - 1_000

    assert run(take()) == pytest.approx(2.0, abs=0.001)


def test_a_fifth_is_kept_for_cancels() -> None:
    async def take() -> tuple[float, float]:
        bucket, loop = await drained(), asyncio.get_running_loop()
        started = loop.time()
        await bucket.take(1, CANCEL)
        await bucket.take(1, CANCEL)
        served = loop.time()
        await bucket.take(1, CANCEL)
        return served - started, loop.time() - started

    served_s, third_s = run(take())
    assert served_s == 0
    assert third_s == pytest.approx(1.0, abs=0.001)


def test_waiting_calls_are_served_by_rank_then_by_age() -> None:
    async def take() -> list[str]:
        bucket, order = await drained(per_s=10), list[str]()
        await bucket.take(2, CANCEL)

        async def one(name: str, priority: Priority) -> None:
            await bucket.take(1, priority)
            order.append(name)

        wanted = [("r1", READ), ("o", ORDER), ("l", LOOK_UP), ("r2", READ), ("c", CANCEL)]
        async with asyncio.TaskGroup() as tasks:
            for name, priority in wanted:
                tasks.create_task(one(name, priority))
                await asyncio.sleep(0)
        return order

    assert run(take()) == ["c", "l", "o", "r1", "r2"]


def test_what_waits_too_long_is_refused_before_anything_was_sent() -> None:
    async def take() -> tuple[float, Unavailable]:
        bucket, loop = await drained(per_s=0.01), asyncio.get_running_loop()
        started = loop.time()
        with pytest.raises(Unavailable) as refused:
            await bucket.take(1, ORDER)
        return loop.time() - started, refused.value

    waited_s, refused = run(take())
    assert waited_s == pytest.approx(PATIENCE_S[ORDER])
    assert "rate limit" in refused.why
    assert refused.retry_after_us > 0


def test_a_ban_holds_reads_and_orders_back_but_no_cancel() -> None:
    async def take() -> tuple[float, float, float, HeldBack]:
        bucket, loop = budget(), asyncio.get_running_loop()
        bucket.ban(25_000_000, "EAPI:Invalid key", "check the key")
        started = loop.time()
        await bucket.take(1, CANCEL)
        cancelled_s = loop.time() - started
        with pytest.raises(HeldBack) as refused:
            await bucket.take(1, READ)
        refused_s = loop.time() - started
        await asyncio.sleep(25)
        await bucket.take(0.05, ORDER)
        return cancelled_s, refused_s, loop.time() - started, refused.value

    cancelled_s, refused_s, order_s, held = run(take())
    assert (cancelled_s, refused_s) == (0, 0)  # at once, with the reason
    assert order_s == pytest.approx(25.0, abs=0.01)
    assert held.why == "EAPI:Invalid key (asked again in 26 s)"
    assert held.remedy == "check the key"
    assert held.retry_after_us == 25_000_000


def test_a_shorter_ban_does_not_end_a_longer_one() -> None:
    async def left() -> int:
        bucket = budget()
        bucket.ban(60_000_000, "long")
        bucket.ban(1_000_000, "short")
        return bucket.banned_for_us

    assert run(left()) == 60_000_000


def test_a_cancelled_waiter_leaves_the_queue() -> None:
    async def take() -> float:
        bucket, loop = await drained(), asyncio.get_running_loop()
        waiting = asyncio.ensure_future(bucket.take(1, LOOK_UP))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        started = loop.time()
        await bucket.take(1, READ)
        return loop.time() - started

    assert run(take()) == pytest.approx(1.0, abs=0.001)


def test_the_operator_can_only_slow_a_venue_down() -> None:
    pace = Pace(15, 0.33)
    assert pace.slower(None) == pace
    assert pace.slower(Decimal(5)) == pace
    assert pace.slower(Decimal("0.1")) == Pace(15, 0.1)


calls = st.tuples(
    st.sampled_from([0.05, 0.5, 1.0, 2.0]), st.sampled_from(list(Priority)), st.floats(0, 3)
)


@settings(deadline=None)
@given(st.lists(calls, max_size=40))
def test_no_history_of_calls_is_over_the_pace(wanted: list[tuple[float, Priority, float]]) -> None:
    capacity, per_s = 6.0, 2.0

    async def take() -> list[tuple[float, float]]:
        bucket, made = budget(capacity, per_s), list[tuple[float, float]]()

        async def one(cost: float, priority: Priority) -> None:
            try:
                await bucket.take(cost, priority)
            except Unavailable:
                return
            made.append((asyncio.get_running_loop().time(), cost))

        async with asyncio.TaskGroup() as tasks:
            for cost, priority, pause_s in wanted:
                tasks.create_task(one(cost, priority))
                await asyncio.sleep(pause_s)
        return made

    made = run(take())
    for first, (start_s, _) in enumerate(made):
        for last in range(first, len(made)):
            spent = sum(cost for _, cost in made[first : last + 1])
            assert spent <= capacity + per_s * (made[last][0] - start_s) + 0.001


# What venues ask for themselves


def test_after_a_ban_one_call_goes_first_and_the_herd_follows_at_the_venues_pace() -> None:
    async def take() -> list[float]:
        bucket, loop, gone = budget(100, 2.0), asyncio.get_running_loop(), list[float]()
        bucket.ban(3_000_000, "too many requests")

        async def one() -> None:
            await bucket.take(1, READ)
            gone.append(loop.time() - 1_000)

        await asyncio.gather(*(one() for _ in range(10)))
        return gone

    gone = run(take())
    assert gone == pytest.approx([3 + n / 2 for n in range(10)], abs=0.01)


def test_a_ban_of_the_whole_venue_holds_every_key_and_no_cancel() -> None:
    async def take() -> tuple[float, float]:
        clock, loop = LoopClock(), asyncio.get_running_loop()
        everyone = Silence(clock)
        one, other = (Budget("kraken", Pace(10, 1.0), clock, everyone) for _ in range(2))
        one.ban(3_000_000, "HTTP 429", everyone=True)
        assert (other.banned_for_us, other.silence.because) == (3_000_000, "HTTP 429")
        started = loop.time()
        await other.take(1, CANCEL)
        cancelled_s = loop.time() - started
        await other.take(1, READ)
        return cancelled_s, loop.time() - started

    assert run(take()) == pytest.approx((0, 3), abs=0.01)


def test_a_ban_of_one_key_leaves_the_others_alone() -> None:
    async def left() -> int:
        clock = LoopClock()
        everyone = Silence(clock)
        one, other = (Budget("kraken", Pace(10, 1.0), clock, everyone) for _ in range(2))
        one.ban(10_000_000, "EAPI:Invalid key")
        return other.banned_for_us

    assert run(left()) == 0


@pytest.mark.parametrize(("left", "held_s"), [(4_000, 0), (801, 0), (800, 12), (0, 12)])
def test_what_a_venue_keeps_for_cancels_by_its_own_count_is_left_to_them(
    left: int, held_s: int
) -> None:
    async def told() -> int:
        bucket = budget()
        bucket.told(Allowance(left, 4_000, 12_000_000))
        return bucket.banned_for_us // 1_000_000

    assert run(told()) == held_s


def test_a_venue_that_names_no_time_is_asked_less_often_each_time_it_refuses() -> None:
    async def bans() -> list[float]:
        bucket, lengths = budget(), list[float]()
        for _ in range(9):
            for _ in range(3):  # several calls under way are refused together: one strike
                bucket.ban(5_000_000, "HTTP 429", grows=True)
            lengths.append(bucket.banned_for_us / 1_000_000)
            await asyncio.sleep(bucket.banned_for_us / 1_000_000 + 1)
        return lengths

    assert run(bans()) == pytest.approx([5, 10, 20, 40, 80, 160, 300, 300, 300], abs=0.01)


def test_a_ban_long_after_the_last_one_is_short_again() -> None:
    async def bans() -> float:
        bucket = budget()
        bucket.ban(5_000_000, "HTTP 429", grows=True)
        await asyncio.sleep(60)
        bucket.ban(5_000_000, "HTTP 429", grows=True)
        return bucket.banned_for_us / 1_000_000

    assert run(bans()) == pytest.approx(5, abs=0.01)
