"""Whose the keys are and what they may do, asked of real sockets by the real ccxt classes."""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli.clock import SystemClock
from domain import bookings, controls
from domain.board import Mode
from domain.codec import encode
from domain.errors import Refused
from domain.instruments import Account
from domain.keys import Ill, KeyView, Purpose, Right, key_of
from engine.audit import KeyAudit
from engine.connections import Connection, Connections
from risk.keys import KeyPolicy
from tests.engine.rig import TIRELESS, Rig, Secrets, running
from tests.engine.wire_rig import WIRE, Site
from venues.ccxt_venue import VenueSettings, open_venue
from venues.keys import AccountKeys, Keys, Secret

pytestmark = [pytest.mark.usefixtures("unpaced"), pytest.mark.timeout(60)]
SETTINGS = replace(WIRE, first_try_s=2)
LATE_S = 18  # a machine under load
Owners = Mapping[str, tuple[str, str]]  # by name: who owns the read key, and who the trade key
MINE: Owners = {"main": ("main", "main")}
KEY_INFO = {"kraken": "GetApiKeyInfo", "kucoin": "GET user/api-key"}
WIDENED = {
    "kraken": ["modify-trades", "close-trades", "query-open-trades", "withdraw-funds"],
    "kucoin": ["General", "Spot", "Transfer"],
}


def key(site: Site, purpose: str, owner: str = "main") -> Keys:
    told = site.ask("credentials", purpose=purpose, owner=owner)
    third = told.get("password")
    return Keys(
        key=Secret(told["apiKey"]),
        secret=Secret(told["secret"]),
        passphrase=None if third is None else Secret(third),
    )


@asynccontextmanager
async def desk(
    sites: Site | Sequence[Site], tmp_path: Path, owners: Owners = MINE, **more: Any
) -> AsyncGenerator[Rig]:
    """A LIVE engine, not armed; the first venue's accounts have keys of these owners."""
    places = (sites,) if isinstance(sites, Site) else tuple(sites)
    async with AsyncExitStack() as stack:
        connections = {}
        for number, site in enumerate(places):
            named = MINE if number else owners
            accounts = {
                name: AccountKeys(read=key(site, "read", reads), trade=key(site, "trade", trades))
                for name, (reads, trades) in named.items()
            }
            venue = await stack.enter_async_context(
                open_venue(
                    site.family.venue,
                    accounts,
                    clock=SystemClock(),
                    settings=VenueSettings(timeout_ms=1_000),
                    on_problem=lambda _: None,
                )
            )
            connections[site.family.venue] = Connection(
                traits=venue.traits,
                market=venue.market,
                readers=venue.readers,
                traders=venue.traders,
                inspectors=venue.inspectors,
            )
        settings = replace(SETTINGS, base_currency=places[0].family.quote)
        yield await stack.enter_async_context(
            running(
                tmp_path,
                mode=Mode.LIVE,
                settings=settings,
                limits=TIRELESS,
                connections=Connections(connections),
                secrets=Secrets(),
                **more,
            )
        )


async def told(rig: Rig, kind: type) -> list[Any]:
    return [fact async for _, fact in rig.ledger.facts() if isinstance(fact, kind)]


def stored_in(folder: Path) -> str:
    """Every byte that was written, read as text."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return b"".join(path.read_bytes() for path in files).decode(errors="replace")


def view(rig: Rig, site: Site, purpose: Purpose, name: str = "main") -> KeyView:
    return rig.board.keys[key_of(Account(site.family.venue, name), purpose)]


def ills(rig: Rig, site: Site, purpose: Purpose, name: str = "main") -> list[Ill]:
    return [finding.ill for finding in view(rig, site, purpose, name).findings]


async def audit(rig: Rig, site: Site, policy: KeyPolicy | None = None) -> None:
    assert rig.engine.parts is not None
    await KeyAudit(rig.engine.parts.floor, policy or KeyPolicy()).check(site.family.account)


async def test_keys_are_audited_at_the_start_and_written_down_once(
    site: Site, tmp_path: Path
) -> None:
    for purpose in ("read", "trade"):
        site.ask("bind", purpose=purpose, addresses=["203.0.113.7"])
    account = site.family.account
    async with desk(site, tmp_path) as rig:
        await rig.until(lambda board: board.accounts[account].reconciled_us, LATE_S)
        assert view(rig, site, Purpose.READ).report.rights == (Right.READ,)
        rights = view(rig, site, Purpose.TRADE).report.rights
        assert rights == (Right.READ, Right.PLACE, Right.CANCEL)
        assert ills(rig, site, Purpose.READ) == ills(rig, site, Purpose.TRADE) == []
        (bound,) = await told(rig, controls.AccountBound)
        assert rig.board.uids[account] == bound.uid != ""
        assert len(await told(rig, controls.KeyAudited)) == 2
    async with desk(site, tmp_path) as rig:
        assert len(await told(rig, controls.AccountBound)) == 1
        assert len(await told(rig, controls.KeyAudited)) == 2
        assert not rig.board.alarms


async def test_another_account_under_a_known_name_is_refused_and_the_others_go_on(
    sites: tuple[Site, Site], tmp_path: Path
) -> None:
    kraken, kucoin = sites
    async with desk(sites, tmp_path):
        pass
    kraken.ask("open_account", owner="stranger", balances={"USD": "77"})
    kraken.ask("release")
    async with desk(sites, tmp_path, {"main": ("stranger", "stranger")}) as rig:
        account = kraken.family.account
        why = rig.board.accounts[account].refused
        assert "belongs to account" in why
        assert f"{account} is {rig.board.uids[account]}" in why
        assert ills(rig, kraken, Purpose.READ)[0] is Ill.OTHER_ACCOUNT
        assert any(a.alarm == f"refused:{account}" for a in rig.board.alarms)
        assert rig.board.accounts[account].balances is None
        assert not rig.board.accounts[account].reconciled_us
        openings = await told(rig, bookings.OpeningBalance)
        assert not any("77" in str(value) for fact in openings for value in fact.assets.values())
        other = kucoin.family.account
        await rig.until(lambda board: board.accounts[other].reconciled_us, LATE_S)
        assert not rig.board.accounts[other].refused
        bound = {fact.account: fact.uid for fact in await told(rig, controls.AccountBound)}
        assert bound == dict(rig.board.uids)
    counts = kraken.ask("counts")
    async with desk(sites, tmp_path, {"main": ("stranger", "stranger")}) as rig:
        later = kraken.ask("counts")
        assert later["GetApiKeyInfo"] > counts["GetApiKeyInfo"]
        asked = {name for name in later if later[name] > counts.get(name, 0)}
        assert not asked & {"BalanceEx", "ClosedOrders", "TradesHistory", "OpenOrders", "AddOrder"}


async def test_a_refused_account_sends_no_order_though_the_desk_is_armed(
    site: Site, tmp_path: Path
) -> None:
    site.ask("permit", purpose="trade", permissions=WIDENED[site.family.venue])
    async with desk(site, tmp_path) as rig:
        account = site.family.account
        armed = controls.Armed(at_us=SystemClock().now_us(), actor="me", account=account)
        await rig.desk.record(armed)
        await rig.until(lambda b: b.prices and b.accounts[account].reconciled_us)
        draft = rig.draft(account=account, symbol=site.family.symbol)
        await audit(rig, site, KeyPolicy(refuse_wide=True))
        assert Ill.TOO_WIDE in ills(rig, site, Purpose.TRADE)
        with pytest.raises(
            Refused, match=r"sends no orders: the trade key of .* can also withdraw"
        ):
            await rig.submit(draft)
        assert site.sent() == {}
        await audit(rig, site, KeyPolicy())
        placed = await rig.submit(draft)
        assert site.sent() == {placed.client_id: 1}


async def test_a_key_that_became_wider_is_a_fact_and_an_alarm(site: Site, tmp_path: Path) -> None:
    async with desk(site, tmp_path) as rig:
        before = len(await told(rig, controls.KeyAudited))
        site.ask("permit", purpose="trade", permissions=WIDENED[site.family.venue])
        await audit(rig, site)
        await audit(rig, site)
        (fact,) = (await told(rig, controls.KeyAudited))[before:]
        assert (fact.purpose, fact.gained) == (Purpose.TRADE, (Right.WITHDRAW,))
        assert fact.report.fingerprint == key(site, "trade").fingerprint
        critical = [alarm.text for alarm in rig.board.alarms if alarm.severity == "critical"]
        assert critical == [f"the trade key of {site.family.account} became wider: withdraw"]


async def test_two_names_of_one_account_and_a_foreign_trade_key_are_said(
    sites: tuple[Site, Site], tmp_path: Path
) -> None:
    kraken, _ = sites
    kraken.ask("open_account", owner="stranger", balances={})
    for purpose in ("read", "trade"):
        kraken.ask("issue_key", purpose=purpose, owner="main")
    owners = {"main": ("main", "main"), "twin": ("main", "main"), "mixed": ("main", "stranger")}
    async with desk(kraken, tmp_path, owners) as rig:
        await audit(rig, kraken)
        assert Ill.SAME_ACCOUNT in ills(rig, kraken, Purpose.READ)
        assert Ill.SAME_ACCOUNT in ills(rig, kraken, Purpose.READ, "twin")
        assert not rig.board.accounts[Account("kraken", "twin")].refused
        mixed = rig.board.accounts[Account("kraken", "mixed")]
        assert ills(rig, kraken, Purpose.TRADE, "mixed")[0] is Ill.OTHER_ACCOUNT
        assert "the trade key of kraken/mixed belongs to account" in mixed.refused
        assert mixed.reconciled_us  # it is watched: its read key is its own


async def test_a_trade_key_that_cannot_cancel_is_refused_whatever_is_configured(
    sites: tuple[Site, Site], tmp_path: Path
) -> None:
    kraken, _ = sites
    kraken.ask("permit", purpose="trade", permissions=["modify-trades"])
    async with desk(kraken, tmp_path) as rig:
        refused = rig.board.accounts[kraken.family.account].refused
        assert "the kill switch could not end them" in refused
        assert Ill.TOO_NARROW in ills(rig, kraken, Purpose.TRADE)


async def test_a_venue_that_does_not_tell_holds_up_a_new_key_and_not_a_known_one(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    account, asked = site.family.account, KEY_INFO[site.family.venue]
    site.spoil(asked, kind="error", text="busy", times=1_000)
    async with desk(site, tmp_path) as rig:  # nothing is bound yet, so nothing can be another's
        assert rig.board.accounts[account].reconciled_us
        assert account not in rig.board.uids
        assert f"the keys of {account} could not be audited" in caplog.text
    site.ask("calm")
    site.prepare()
    async with desk(site, tmp_path) as rig:
        assert rig.board.uids[account]
    site.spoil(asked, kind="error", text="busy", times=1_000)
    async with desk(site, tmp_path) as rig:
        assert rig.board.accounts[account].reconciled_us
        assert not rig.board.accounts[account].refused
    site.ask("issue_key", purpose="read")
    async with desk(site, tmp_path) as rig:
        assert "its key is new" in rig.board.accounts[account].refused
        assert not rig.board.accounts[account].reconciled_us


async def test_no_part_of_a_key_is_in_ledger_board_or_log(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    secrets = [
        part.reveal()
        for purpose in ("read", "trade")
        for keys in [key(site, purpose)]
        for part in (keys.key, keys.secret, keys.passphrase)
        if part is not None
    ]
    site.ask("permit", purpose="read", permissions=WIDENED[site.family.venue])
    async with desk(site, tmp_path) as rig:
        assert Ill.TOO_WIDE in ills(rig, site, Purpose.READ)
        for finding in view(rig, site, Purpose.READ).findings:
            lines = [r.msg for r in caplog.records if r.name == "engine.audit"]
            assert lines.count(f"{finding.text}; {finding.remedy}") == 1
        shown = json.dumps(encode(rig.board), ensure_ascii=False)
    for secret in secrets:
        for place in (shown, stored_in(tmp_path), caplog.text):
            assert secret not in place
            assert json.dumps(secret)[1:-1] not in place
