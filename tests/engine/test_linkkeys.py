"""The keys that sign links: kept before they sign, renewed monthly, old links honoured."""

from cli.clock import SystemDice
from engine.linkkeys import LinkKeys
from risk.links import LIFE_S, RENEW_S, SECOND_US, keys_of

NOW_US = 1_795_000_000_000_000


class Store:
    """Keeps the text, unless it is told that it cannot."""

    def __init__(self, *, keeps: bool = True) -> None:
        self.keeps = keeps
        self.text: str | None = None
        self.reads = 0

    def read(self) -> str | None:
        self.reads += 1
        return self.text

    def write(self, text: str) -> bool:
        if self.keeps:
            self.text = text
        return self.keeps


async def test_a_key_is_made_once_kept_and_found_after_a_restart() -> None:
    store = Store()
    keys = LinkKeys(store, SystemDice())
    assert await keys.counting(NOW_US) == []
    signing = await keys.signing(NOW_US)
    assert len(bytes.fromhex(signing)) == 32
    assert [key.key for key in keys_of(store.text)] == [signing]
    assert await keys.signing(NOW_US) == signing
    assert store.reads == 1
    assert await LinkKeys(store, SystemDice()).signing(NOW_US) == signing


async def test_a_month_later_another_key_signs_and_old_links_live_out() -> None:
    keys = LinkKeys(Store(), SystemDice())
    old = await keys.signing(NOW_US)
    later_us = NOW_US + (RENEW_S + 1) * SECOND_US
    new = await keys.signing(later_us)
    assert new != old
    assert await keys.counting(later_us) == [old, new]
    assert await keys.counting(later_us + LIFE_S * SECOND_US) == [new]


async def test_where_nothing_keeps_secrets_a_key_lives_as_long_as_the_engine() -> None:
    store = Store(keeps=False)
    keys = LinkKeys(store, SystemDice())
    signing = await keys.signing(NOW_US)
    assert await keys.signing(NOW_US) == signing
    assert await keys.counting(NOW_US) == [signing]
    assert await LinkKeys(store, SystemDice()).signing(NOW_US) != signing
