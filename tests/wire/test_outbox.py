"""Frames on their way out: every kind of tampering does what it says, and nothing else."""

import asyncio
import json
from typing import Any

import pytest

from tests.wire.outbox import DEEPEST, Outbox, Tampering


class Line:
    """Collects what an outbox sends."""

    def __init__(self) -> None:
        self.tampering = Tampering()
        self.sent: list[Any] = []
        self.outbox = Outbox(self._keep, self.tampering)

    async def _keep(self, text: str) -> None:
        self.sent.append(json.loads(text))

    async def tells(self, *numbers: int) -> list[Any]:
        """Push frames 1, 2, … of channel x and wait until all that goes has gone."""
        for number in numbers:
            self.outbox.push({"channel": "x", "data": [number], "sequence": number}, "x")
        task = asyncio.ensure_future(self.outbox.run())
        await asyncio.sleep(0.02)
        task.cancel()
        return [frame["data"] for frame in self.sent]


async def test_without_tampering_frames_go_in_order_and_are_counted() -> None:
    line = Line()
    assert await line.tells(1, 2, 3) == [[1], [2], [3]]
    assert line.tampering.sent == 3


@pytest.mark.parametrize(
    ("action", "times", "told"),
    [
        ("drop", 1, [[2], [3]]),
        ("drop", 2, [[3]]),
        ("duplicate", 1, [[1], [1], [2], [3]]),
        ("swap", 1, [[2], [1], [3]]),
        ("bundle", 2, [[1, 2], [3]]),
        ("bundle", 3, [[1, 2, 3]]),
    ],
)
async def test_a_plan_touches_the_next_frames_only(
    action: str, times: int, told: list[list[int]]
) -> None:
    line = Line()
    line.tampering.plan(action, "x", times)
    assert await line.tells(1, 2, 3) == told


async def test_a_plan_for_one_channel_leaves_the_others_alone() -> None:
    line = Line()
    line.tampering.plan("drop", "y")
    assert await line.tells(1) == [[1]]


async def test_silence_swallows_data_and_lets_answers_through() -> None:
    line = Line()
    line.tampering.silent = True
    line.outbox.push_always({"method": "pong", "data": "pong"})
    assert await line.tells(1) == ["pong"]


async def test_muteness_swallows_everything() -> None:
    line = Line()
    line.tampering.silent = line.tampering.mute = True
    line.outbox.push_always({"method": "pong", "data": "pong"})
    assert await line.tells(1) == []


async def test_a_client_that_never_reads_fills_a_bounded_queue() -> None:
    line = Line()
    for number in range(DEEPEST):
        line.outbox.push({"channel": "x", "data": [number]}, "x")
    with pytest.raises(asyncio.QueueFull):
        line.outbox.push({"channel": "x", "data": []}, "x")


def test_an_unknown_action_is_refused() -> None:
    with pytest.raises(ValueError, match="not one of"):
        Tampering().plan("shred", "x")
