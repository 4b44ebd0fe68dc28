"""A key's lane: numbers that only grow, one request in flight, cancels not held up."""

import asyncio

import pytest

from domain.errors import Unavailable
from tests.venues.virtual import LoopClock, run
from venues.budget import Priority
from venues.nonce import CANCEL_WAITS_S, WAITS_S, Lane


def lane(*, single: bool = True) -> Lane:
    return Lane("kraken", LoopClock(), single=single)


class SteppingClock:
    def __init__(self) -> None:
        self.at_us = 5_000_000

    def now_us(self) -> int:
        return self.at_us

    def monotonic_us(self) -> int:
        return 0


def test_numbers_grow_in_one_millisecond_and_when_the_clock_steps_back() -> None:
    clock = SteppingClock()
    key = Lane("kraken", clock, single=True)
    first = [key.next_nonce() for _ in range(3)]
    clock.at_us = 1_000_000
    second = key.next_nonce()
    clock.at_us = 9_000_000
    assert [*first, second, key.next_nonce()] == [5_000, 5_001, 5_002, 5_003, 9_000]


def test_requests_of_one_key_go_one_after_the_other() -> None:
    async def work() -> int:
        key, inside, most = lane(), 0, 0

        async def one() -> None:
            nonlocal inside, most
            async with key.turn(Priority.READ):
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0.1)
                inside -= 1

        async with asyncio.TaskGroup() as tasks:
            for _ in range(5):
                tasks.create_task(one())
        return most

    assert run(work()) == 1


def test_a_venue_without_nonces_has_no_queue() -> None:
    async def work() -> float:
        key, loop = lane(single=False), asyncio.get_running_loop()
        async with key.turn(Priority.READ), key.turn(Priority.ORDER):
            return loop.time()

    assert run(work()) == 1_000


def test_a_cancel_goes_ahead_of_a_request_that_hangs() -> None:
    async def work() -> tuple[float, list[str]]:
        key, loop, order = lane(), asyncio.get_running_loop(), list[str]()

        async def hang() -> None:
            async with key.turn(Priority.ORDER):
                await asyncio.sleep(10)
                order.append("hung")

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(hang())
            await asyncio.sleep(0)
            started = loop.time()
            async with key.turn(Priority.CANCEL):
                order.append("cancel")
            waited_s = loop.time() - started
        return waited_s, order

    waited_s, order = run(work())
    assert waited_s == pytest.approx(CANCEL_WAITS_S)
    assert order == ["cancel", "hung"]


def test_cancels_of_a_slow_venue_do_not_overtake_one_another() -> None:
    """A number that arrives behind a higher one is an invalid nonce: the cancel would be lost."""

    async def work() -> tuple[list[int], int]:
        key, answered, inside, most = lane(), list[int](), 0, 0

        async def one(number: int) -> None:
            nonlocal inside, most
            async with key.turn(Priority.CANCEL):
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(CANCEL_WAITS_S * 0.8)
                inside -= 1
                answered.append(number)

        async with asyncio.TaskGroup() as tasks:
            for number in range(8):
                tasks.create_task(one(number))
        return answered, most

    assert run(work()) == (list(range(8)), 1)


@pytest.mark.parametrize("priority", [Priority.ORDER, Priority.LOOK_UP, Priority.READ])
def test_others_give_up_and_leave_the_lane_to_its_owner(priority: Priority) -> None:
    async def work() -> tuple[float, bool]:
        key, loop = lane(), asyncio.get_running_loop()
        async with key.turn(Priority.ORDER):
            started = loop.time()
            with pytest.raises(Unavailable):
                async with key.turn(priority):
                    raise AssertionError("two requests at once")
            waited_s = loop.time() - started
        async with key.turn(priority):
            return waited_s, True

    waited_s, free_again = run(work())
    assert waited_s == pytest.approx(WAITS_S[priority])
    assert free_again


def test_the_most_urgent_waiter_is_next() -> None:
    async def work() -> list[str]:
        key, order = lane(), list[str]()

        async def one(priority: Priority) -> None:
            async with key.turn(priority):
                order.append(priority.name)
                await asyncio.sleep(0.1)

        async with asyncio.TaskGroup() as tasks:
            for priority in (Priority.READ, Priority.READ, Priority.ORDER, Priority.LOOK_UP):
                tasks.create_task(one(priority))
                await asyncio.sleep(0)
        return order

    assert run(work()) == ["READ", "LOOK_UP", "ORDER", "READ"]


def test_a_waiter_that_is_cancelled_blocks_nobody() -> None:
    async def work() -> float:
        key, loop = lane(), asyncio.get_running_loop()

        async def hold(seconds: float) -> None:
            async with key.turn(Priority.READ):
                await asyncio.sleep(seconds)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(hold(1))
            await asyncio.sleep(0)
            doomed = tasks.create_task(hold(50))
            await asyncio.sleep(0)
            tasks.create_task(hold(0))
            await asyncio.sleep(0)
            doomed.cancel()
        return loop.time() - 1_000

    assert run(work()) == pytest.approx(1.0)


def test_a_waiter_cancelled_in_the_moment_it_is_served_passes_the_lane_on() -> None:
    async def work() -> bool:
        key = lane()

        async def wait() -> None:
            async with key.turn(Priority.READ):
                pass

        async with key.turn(Priority.READ):
            waiting = asyncio.ensure_future(wait())
            await asyncio.sleep(0)
        waiting.cancel()  # the lane was handed over in the line above
        await asyncio.gather(waiting, return_exceptions=True)
        async with asyncio.timeout(1), key.turn(Priority.READ):
            return True

    assert run(work())
