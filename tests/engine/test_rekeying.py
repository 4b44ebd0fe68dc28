"""Keys that change while an engine runs against real sockets, and keys that come late (R-C1)."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from cli.clock import SystemClock
from domain import asks, controls
from domain.board import Mode
from domain.errors import Misconfigured, Refused, Unavailable
from domain.instruments import Account
from domain.keys import Ill, KeyInspector, KeyReport, Purpose, key_of
from domain.rekeying import KeyRotated, ReloadKey
from engine import rekeying
from engine.audit import KeyAudit
from engine.connections import Connection, Connections
from risk.codes import code_at, step_at
from risk.keys import KeyPolicy
from tests.engine.rig import TIRELESS, Rig, Secrets, running
from tests.engine.test_audit import key, stored_in, told
from tests.engine.wire_rig import WIRE, Site
from venues.ccxt_inspector import CcxtInspector
from venues.ccxt_permission_rows import UNTOLD
from venues.ccxt_venue import VenueSettings, open_venue
from venues.keys import AccountKeys, Keys, NoKey, Secret

pytestmark = [pytest.mark.usefixtures("unpaced"), pytest.mark.timeout(60)]
LATE_S = 18  # a machine under load
SETTINGS = replace(WIRE, first_try_s=2)


@dataclass
class Shelf:
    """A store of keys by purpose, as Vault would be one: it can be down."""

    kept: dict[Purpose, Keys] = field(default_factory=dict)
    down: bool = False
    asked: int = 0

    def load(self, purpose: Purpose) -> Keys | None:
        self.asked += 1
        if self.down:
            raise Unavailable("Vault", "it is sealed", remedy="unseal it")
        return self.kept.get(purpose)

    def now(self, purpose: Purpose) -> Keys | NoKey:
        try:
            return self.load(purpose) or NoKey(why="there is none")
        except Unavailable as error:
            return NoKey(why=str(error), remedy=error.remedy)


@dataclass
class Place:
    """A running desk, the shelf under it, and recovery codes to spend."""

    rig: Rig
    shelf: Shelf
    account: Account
    codes: list[str]

    async def reload(self, purpose: Purpose, code: str | None = None) -> asks.Done:
        told = self.codes.pop() if code is None else code
        return await self.rig.ask(ReloadKey(account=self.account, purpose=purpose, code=told))

    def fingerprint(self, purpose: Purpose) -> str:
        return self.rig.board.keys[key_of(self.account, purpose)].report.fingerprint


@asynccontextmanager
async def desk(site: Site, tmp_path: Path, shelf: Shelf) -> AsyncGenerator[Place]:
    read, trade = shelf.now(Purpose.READ), shelf.now(Purpose.TRADE)
    async with open_venue(
        site.family.venue,
        {"main": AccountKeys(read=read, trade=trade, load=shelf.load)},
        clock=SystemClock(),
        settings=VenueSettings(timeout_ms=1_000),
        on_problem=lambda _: None,
    ) as venue:
        connection = Connection(
            traits=venue.traits,
            market=venue.market,
            readers=venue.readers,
            traders=venue.traders,
            inspectors=venue.inspectors,
            changers=venue.changers,
        )
        async with running(
            tmp_path,
            mode=Mode.LIVE,
            settings=replace(SETTINGS, base_currency=site.family.quote),
            limits=TIRELESS,
            connections=Connections({site.family.venue: connection}),
            secrets=Secrets(),
        ) as rig:
            yield Place(rig, shelf, site.family.account, await enrolled(rig))


async def enrolled(rig: Rig) -> list[str]:
    made = await rig.ask(asks.BeginEnrolment())
    step = step_at(SystemClock().now_us())
    first, second = code_at(made.secret, step - 2), code_at(made.secret, step - 1)
    await rig.ask(asks.ConfirmEnrolment(first=first, second=second))
    return list(made.recovery)


def shelf_of(site: Site) -> Shelf:
    return Shelf({Purpose.READ: key(site, "read"), Purpose.TRADE: key(site, "trade")})


async def reconciled(place: Place) -> None:
    await place.rig.until(lambda b: b.accounts[place.account].reconciled_us, LATE_S)


def issued(site: Site, purpose: str, **more: Any) -> Keys:
    site.ask("issue_key", purpose=purpose, **more)
    return key(site, purpose)


async def test_a_new_key_takes_over_and_the_old_one_can_be_deleted(
    site: Site, tmp_path: Path
) -> None:
    shelf = shelf_of(site)
    async with desk(site, tmp_path, shelf) as place:
        await reconciled(place)
        for purpose in (Purpose.READ, Purpose.TRADE):
            old = shelf.kept[purpose]
            shelf.kept[purpose] = new = issued(site, purpose.value)
            assert old.fingerprint != new.fingerprint
            done = await place.reload(purpose)
            assert f"uses the new {purpose} key" in done.detail
            assert place.fingerprint(purpose) == new.fingerprint
            fact = (await told(place.rig, KeyRotated))[-1]
            assert (fact.before, fact.after) == (old.fingerprint, new.fingerprint)
        assert [a.severity for a in place.rig.board.alarms if ":changed" in a.alarm] == ["info"] * 2
        site.ask("revoke_key", purpose="read")  # the newest: whatever still works, works by it
        parts = place.rig.engine.parts
        assert parts is not None
        with pytest.raises(Unavailable):
            await parts.floor.connections.reader(place.account).balances()
    written = stored_in(tmp_path)
    for keys in (*shelf.kept.values(), old):
        assert keys.secret.reveal() not in written
        assert keys.key.reveal() not in written


@pytest.mark.parametrize("what", ["unknown", "revoked", "stranger", "narrow", "none", "down"])
async def test_a_key_that_will_not_do_leaves_the_old_one_in_use(
    site: Site, tmp_path: Path, what: str
) -> None:
    shelf = shelf_of(site)
    async with desk(site, tmp_path, shelf) as place:
        await reconciled(place)
        before = place.fingerprint(Purpose.TRADE)
        unfit(site, shelf, what)
        with pytest.raises((Refused, Unavailable, Misconfigured), match="the key in use stays"):
            await place.reload(Purpose.TRADE)
        assert place.fingerprint(Purpose.TRADE) == before
        assert not await told(place.rig, KeyRotated)
        assert place.rig.engine.parts is not None
        await place.rig.engine.parts.keys.check(place.account)
        assert place.rig.board.accounts[place.account].refused == ""


def unfit(site: Site, shelf: Shelf, what: str) -> None:
    """Put something on the shelf that must not take the trade key's place."""
    if what == "down":
        shelf.down = True
    elif what == "none":
        del shelf.kept[Purpose.TRADE]
    elif what == "unknown":
        wrong = replace(shelf.kept[Purpose.TRADE], secret=key(site, "read").secret)
        shelf.kept[Purpose.TRADE] = wrong
    elif what == "stranger":
        site.ask("open_account", owner="stranger", balances={"USD": "77"})
        shelf.kept[Purpose.TRADE] = key(site, "trade", "stranger")
    elif what == "narrow":
        shelf.kept[Purpose.TRADE] = key(site, "read")
    else:
        shelf.kept[Purpose.TRADE] = issued(site, "trade")
        site.ask("revoke_key", purpose="trade")


async def test_a_wrong_code_changes_nothing_and_a_kept_key_needs_none(
    site: Site, tmp_path: Path
) -> None:
    shelf = shelf_of(site)
    async with desk(site, tmp_path, shelf) as place:
        await reconciled(place)
        done = await place.reload(Purpose.TRADE, code="")
        assert "the key that was in use" in done.detail
        before = place.fingerprint(Purpose.TRADE)
        shelf.kept[Purpose.TRADE] = issued(site, "trade")
        with pytest.raises(Refused, match="second_factor"):
            await place.reload(Purpose.TRADE, code="000000")
        assert place.fingerprint(Purpose.TRADE) == before
        assert "anew each time" in (await place.reload(Purpose.WITHDRAW, code="")).detail
        assert len(await told(place.rig, controls.CodeRefused)) == 1


async def test_orders_that_are_under_way_end_as_they_began(site: Site, tmp_path: Path) -> None:
    shelf = shelf_of(site)
    async with desk(site, tmp_path, shelf) as place:
        await reconciled(place)
        parts = place.rig.engine.parts
        assert parts is not None
        reader = parts.floor.connections.reader(place.account)
        site.ask("latency", ms=300)
        under_way = [asyncio.ensure_future(reader.balances()) for _ in range(3)]
        await asyncio.sleep(0)
        shelf.kept[Purpose.READ] = issued(site, "read")
        await place.reload(Purpose.READ)
        for answer in await asyncio.gather(*under_way):
            assert answer.assets
        assert (await reader.balances()).assets


async def test_an_account_whose_store_is_down_waits_and_comes_by_itself(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rekeying, "AGAIN_S", 0.2)
    monkeypatch.setattr("engine.audit.RETRY_S", 0.2)
    shelf = shelf_of(site)
    shelf.down = True
    async with desk(site, tmp_path, shelf) as place:
        board = place.rig.board
        assert "it is sealed" in board.accounts[place.account].refused
        assert not board.accounts[place.account].reconciled_us
        parts = place.rig.engine.parts
        assert parts is not None
        with pytest.raises(Unavailable, match=r"accounts\.main\.trade could not be read") as waits:
            await parts.floor.connections.trader(place.account).cancel_all()
        assert waits.value.remedy == "unseal it"
        shelf.down = False
        await reconciled(place)
        await place.rig.until(lambda b: not b.accounts[place.account].refused, LATE_S)
        assert place.fingerprint(Purpose.TRADE) == shelf.kept[Purpose.TRADE].fingerprint
        assert shelf.asked < 100


async def test_a_kill_is_proven_while_the_store_is_down(site: Site, tmp_path: Path) -> None:
    shelf = shelf_of(site)
    async with desk(site, tmp_path, shelf) as place:
        await reconciled(place)
        shelf.down = True
        await place.rig.ask(asks.Trip(reason="Vault is down"))
        await place.rig.until(proven, LATE_S)


def proven(board: Any) -> bool:
    return bool(board.halts) and all(halt.state.value == "HALTED" for halt in board.halts)


async def test_an_account_without_its_key_is_never_said_to_be_empty(
    site: Site, tmp_path: Path
) -> None:
    shelf = shelf_of(site)
    shelf.down = True
    async with desk(site, tmp_path, shelf) as place:
        await place.rig.ask(asks.Trip(reason="who knows what is open"))
        parts = place.rig.engine.parts
        assert parts is not None
        with pytest.raises(Unavailable, match="could not be read"):
            await parts.floor.connections.reader(place.account).open_orders(urgent=True)
        assert not proven(place.rig.board)


# How old a key is

OLD_US = 100 * 86_400_000_000


@dataclass
class Ageless:
    """A venue that does not tell when it made a key."""

    inspector: KeyInspector

    @property
    def fingerprint(self) -> str:
        return self.inspector.fingerprint

    async def inspect(self) -> KeyReport:
        return replace(await self.inspector.inspect(), created_us=0)


@pytest.mark.parametrize("age_us", [OLD_US, OLD_US // 2])
async def test_a_key_whose_date_nobody_kept_is_as_old_as_the_ledger_knows_it(
    site: Site, tmp_path: Path, age_us: int
) -> None:
    async with desk(site, tmp_path, shelf_of(site)) as place:
        await reconciled(place)
        account, parts = place.account, place.rig.engine.parts
        assert parts is not None
        inspectors = parts.floor.connections.of(account).inspectors[account]
        assert isinstance(inspectors, dict)
        inspectors[Purpose.READ] = Ageless(inspectors[Purpose.READ])
        known = await told(place.rig, controls.KeyAudited)
        first = next(fact for fact in known if fact.purpose is Purpose.READ)
        audit = KeyAudit(parts.floor, KeyPolicy())
        audit.fact(replace(first, at_us=first.at_us - age_us), place.rig.board)
        audit.fact(first, place.rig.board)
        for _ in range(2):
            await audit.check(account)
        view = place.rig.board.keys[key_of(account, Purpose.READ)]
        old = age_us == OLD_US
        assert (Ill.OLD in [finding.ill for finding in view.findings]) is old
        name = f"key:{account}:read:old"
        raised = [a for a in place.rig.board.alarms if a.alarm == name]
        assert [(a.severity, a.count) for a in raised] == [("info", 1)] * old


async def test_a_key_is_as_old_as_its_store_says_where_the_venue_does_not() -> None:
    keys = replace(key_of_nobody(), since_us=5)
    asked: Any = None  # of a venue without a row nothing is asked
    assert (await CcxtInspector(asked, keys, Purpose.READ, UNTOLD).inspect()).created_us == 5


def key_of_nobody() -> Keys:
    return Keys(key=Secret("k"), secret=Secret("s"))
