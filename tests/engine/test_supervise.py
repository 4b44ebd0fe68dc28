"""Tasks of an engine that is coming down."""

import asyncio

import pytest

from engine.supervise import Crew


async def test_what_is_begun_while_a_bug_brings_the_engine_down_hides_no_bug() -> None:
    begun: list[str] = []

    async def late() -> None:
        begun.append("late")

    async def bug() -> None:
        raise ZeroDivisionError

    async def followed(crew: Crew) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            # As the kill switch does when a halt is folded while everything is cancelled.
            assert crew.run(late(), "late").cancelled()
            assert crew.spawn(late(), "late").cancelled()

    async def life() -> None:
        async with asyncio.TaskGroup() as group:
            crew = Crew(group)
            crew.run(followed(crew), "followed")
            await asyncio.sleep(0)
            crew.run(bug(), "bug")

    with pytest.raises(ExceptionGroup) as fell:
        await life()
    assert [type(error) for error in fell.value.exceptions] == [ZeroDivisionError]
    assert begun == []
