"""A key store that hangs (a keyring that waits for somebody to unlock it) holds up nothing else."""

import threading
from pathlib import Path

import pytest

from domain import asks
from domain.board import Mode
from domain.errors import Refused
from tests.engine.rig import Rig, Secrets, running
from tests.engine.test_authority import code, enrol


class Locked(Secrets):
    """A keyring that answers nobody until it is opened, once it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.opened, self.reads = threading.Event(), 0
        self.opened.set()

    def read(self, reference: str) -> str | None:
        self.reads += 1
        assert self.opened.wait(15)
        return super().read(reference)


async def refused(rig: Rig, seed: str) -> None:
    with pytest.raises(Refused, match="does not answer"):
        await rig.ask(asks.ApproveLimits(code=code(seed)))


async def test_a_limit_is_lowered_while_the_keyring_hangs_and_it_is_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.secondfactor.SEED_S", 0.1)
    keyring = Locked()
    async with running(tmp_path, mode=Mode.LIVE, secrets=keyring) as rig:
        made = await enrol(rig)
        await rig.ask(asks.SetLimits(values={"max_order_value": "200000"}))
        before = keyring.reads
        keyring.opened.clear()
        try:
            await refused(rig, made.secret)
            await refused(rig, made.secret)
            await rig.ask(asks.SetLimits(values={"max_daily_volume": "1000"}))
            assert rig.board.limits["max_daily_volume"] == "1000"
            assert keyring.reads == before + 1
        finally:
            keyring.opened.set()
        monkeypatch.setattr("engine.secondfactor.SEED_S", 10)
        await rig.ask(asks.ApproveLimits(code=code(made.secret)))
        assert rig.board.limits["max_order_value"] == "200000"
