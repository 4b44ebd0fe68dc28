"""A phase is the process's own: that it was armed once does not open anything at the next start."""

from pathlib import Path
from typing import Any

import pytest

from domain import asks, controls
from domain.board import Mode, Phase
from domain.orders import Status
from engine.lookups import Lookups
from tests.engine.rig import KRAKEN, running
from tests.engine.test_authority import code, enrol
from venues.demo import DemoDesk


async def test_what_was_open_in_an_armed_past_is_not_followed_while_the_ledger_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed: list[str] = []
    follow, replayed = Lookups.follow, Lookups.replayed

    def early(self: Lookups, client_id: str) -> None:
        followed.append(client_id)
        follow(self, client_id)

    def over(self: Any) -> None:
        monkeypatch.setattr(Lookups, "follow", follow)
        replayed(self)

    demo: DemoDesk | None = None
    async with running(tmp_path, mode=Mode.LIVE, moving=False) as rig:
        demo = rig.venues
        made = await enrol(rig)
        await rig.ask(asks.Arm(code=code(made.secret), account=KRAKEN))
        name = (await rig.submit()).client_id
        await rig.ask(asks.CancelOrder(client_id=name))
        await rig.until(lambda b: b.orders[name].status is Status.CANCELED)
    monkeypatch.setattr(Lookups, "follow", early)
    monkeypatch.setattr(Lookups, "replayed", over)
    async with running(tmp_path, mode=Mode.LIVE, demo=demo, moving=False) as rig:
        assert rig.board.phase is Phase.READY
        assert followed == []


async def test_an_arming_that_is_written_while_the_desk_drains_does_not_open_it_again(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, mode=Mode.LIVE, moving=False) as rig:
        rig.desk.show(phase=Phase.DRAINING)
        at_us = rig.clock.now_us()
        await rig.desk.record(controls.Armed(at_us=at_us, actor="me", account=KRAKEN))
        assert rig.board.phase is Phase.DRAINING
