"""Turns are given in order, the urgent first, and none is ever lost."""

import asyncio

from engine.turnstile import Turnstile


class Crowd:
    """People at a turnstile; `inside` says who went in, in order."""

    def __init__(self, most: int) -> None:
        self.gate = Turnstile(most)
        self.inside: list[str] = []
        self.urgent: set[str] = set()
        self.go = asyncio.Event()

    async def comes(self, name: str) -> None:
        async with self.gate.turn(lambda: name in self.urgent):
            self.inside.append(name)
            await self.go.wait()


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_so_many_go_in_at_once_and_the_others_in_their_order() -> None:
    crowd = Crowd(2)
    async with asyncio.TaskGroup() as group:
        for name in "abcd":
            group.create_task(crowd.comes(name))
        await _settle()
        assert crowd.inside == ["a", "b"]
        crowd.go.set()
    assert crowd.inside == ["a", "b", "c", "d"]


async def test_who_has_become_urgent_while_waiting_goes_first() -> None:
    crowd = Crowd(1)
    async with asyncio.TaskGroup() as group:
        for name in "abcd":
            group.create_task(crowd.comes(name))
        await _settle()
        crowd.urgent.add("d")
        crowd.go.set()
    assert crowd.inside == ["a", "d", "b", "c"]


async def test_whoever_goes_away_inside_or_in_the_queue_takes_no_turn_along() -> None:
    for gone in ("a", "b", "c"):
        crowd = Crowd(1)
        tasks = {name: asyncio.ensure_future(crowd.comes(name)) for name in "abc"}
        await _settle()
        tasks[gone].cancel()
        await _settle()
        crowd.go.set()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
        assert set(crowd.inside) >= set("abc") - {gone}
        assert crowd.gate._free == 1


async def test_a_turn_given_to_one_who_goes_away_in_the_same_moment_is_handed_on() -> None:
    crowd = Crowd(1)
    tasks = {name: asyncio.ensure_future(crowd.comes(name)) for name in "abc"}
    await _settle()
    crowd.go.set()
    tasks["a"].cancel()
    tasks["b"].cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)
    assert crowd.inside == ["a", "c"]
    assert crowd.gate._free == 1
