"""A trip that comes while the code of a release is looked at: halted it stays."""

import asyncio
import threading
from pathlib import Path

import pytest

from domain import asks, controls
from domain.board import Mode
from domain.errors import Refused
from domain.halts import Level
from tests.engine.rig import Secrets, running
from tests.engine.test_authority import code, enrol


class SlowSecrets(Secrets):
    """A keyring that takes its time, once it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = False
        self.asked, self.go = threading.Event(), threading.Event()

    def read(self, reference: str) -> str | None:
        if self.slow:
            self.asked.set()
            assert self.go.wait(10)
        return super().read(reference)


async def test_a_trip_while_the_keyring_is_asked_is_not_released(tmp_path: Path) -> None:
    secrets = SlowSecrets()
    async with running(tmp_path, mode=Mode.LIVE, secrets=secrets) as rig:
        made = await enrol(rig)
        await rig.ask(asks.Trip(reason="first", level=Level.REDUCE_ONLY))
        await rig.until(lambda board: board.halts and not board.halts[0].cancels)
        secrets.slow = True
        told = asks.Release(
            scope="GLOBAL", reason="over", code=code(made.secret), accept_unverified=True
        )
        releasing = asyncio.create_task(rig.ask(told))
        assert await asyncio.to_thread(secrets.asked.wait, 10)
        await rig.ask(asks.Trip(reason="second", level=Level.HALT_CANCEL))
        secrets.go.set()
        with pytest.raises(Refused, match="tripped again"):
            await releasing
        assert rig.stop.level == Level.HALT_CANCEL
        assert rig.marker.present()
        assert rig.board.level == Level.HALT_CANCEL


async def test_a_proof_that_falls_while_the_keyring_is_asked_is_not_released(
    tmp_path: Path,
) -> None:
    secrets = SlowSecrets()
    async with running(tmp_path, mode=Mode.LIVE, secrets=secrets) as rig:
        made = await enrol(rig)
        await rig.ask(asks.Trip(reason="first", level=Level.HALT_CANCEL))
        await rig.until(lambda board: board.halts and not board.halts[0].cancels)
        secrets.slow = True
        told = asks.Release(scope="GLOBAL", reason="over", code=code(made.secret))
        releasing = asyncio.create_task(rig.ask(told))
        assert await asyncio.to_thread(secrets.asked.wait, 10)
        halt_id = rig.board.halts[0].halt_id
        late = controls.HaltReopened(
            at_us=rig.clock.now_us(), actor="engine", halt_id=halt_id, reason="a late order"
        )
        await rig.desk.record(late)
        secrets.go.set()
        with pytest.raises(Refused, match="not verified"):
            await releasing
        assert rig.stop.level == Level.HALT_CANCEL
