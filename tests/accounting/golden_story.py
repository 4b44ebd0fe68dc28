"""Golden cases as entries: what the inputs of a case say happened, for the lot book.

The one rule: a case is read by the names of its fields, not by its id, so that a case that
nobody has seen yet is run by the same rules; a field that is not understood is an error.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from accounting.entries import (
    Arrival,
    Basis,
    Departure,
    Entry,
    Income,
    Receipt,
    Spending,
    Trade,
)
from accounting.marks import MarkHistory, value_of
from domain.days import to_us
from domain.market import Mark
from domain.money import number

Plain = Any
BOUGHT, SOLD = "2024-01-05", "2024-03-05"
DAY_US = 86_400_000_000
CASH = "USD"
HOME = "kraken"
ABOUT = {
    "asset",
    "method",
    "policy",
    "scope",
    "base",
    "rule",
    "note",
    "policies",
    "holdings_at_cutoff",
}
VALUES, PRICES = ("value", "value_usd", "fmv", "usd"), ("price", "price_usd")
LATER = {"backfill", "basis_supplied"}


class NotUnderstood(ValueError):
    """A field of a case that the runner has no reading for."""


def amount(raw: Plain) -> Decimal:
    return number(raw)


def when(raw: Plain) -> int:
    """Microseconds of `2024-01-05` (midnight UTC) or of an ISO time."""
    told = datetime.fromisoformat(str(raw))
    return to_us(told if told.tzinfo else told.replace(tzinfo=UTC))


@dataclass(slots=True)
class Story:
    """The entries of a case. `later` adds the ones that were learnt of afterwards."""

    inputs: Mapping[str, Plain]
    pegged: bool = False
    later: bool = False
    entries: list[Entry] = field(default_factory=list)
    marks: MarkHistory = field(default_factory=lambda: MarkHistory(CASH))
    count: int = 0

    @property
    def main(self) -> str:
        """The asset where a row does not name one."""
        return main_asset(self.inputs)

    def told(self) -> list[Entry]:
        """Everything that the inputs say, in no particular order."""
        for name, value in self.inputs.items():
            if name in ABOUT or name in LATER:
                continue
            self._read(name, value)
        if self.later and "backfill" in self.inputs:
            self._trade(self.inputs["backfill"], buys=True)
        return self.entries

    def _read(self, name: str, value: Plain) -> None:
        if isinstance(value, list):
            for item in value:
                self._read(name.removesuffix("s"), item)
        elif name in ("lot", "universal_lot") or name.endswith("_lot"):
            self._lot(name, value)
        elif name in ("buy", "then_buy", "sell", "then_sell", "sale"):
            later = name.startswith("then") or not name.endswith("buy")
            self._trade(value, buys=name.endswith("buy"), day=SOLD if later else BOUGHT)
        elif name == "trade":
            self._either(value)
        elif name == "transfer":
            self._transfer(value)
        elif name in ("income", "reward", "staking", "airdrop"):
            self._income(value)
        elif name == "deposit":
            self._deposit(value)
        elif name in ("withdrawal", "payment", "spending"):
            self._spending(value)
        else:
            raise NotUnderstood(f"input {name!r}")

    def _key(self, told: Mapping[str, Plain], other: str) -> str:
        self.count += 1
        return str(told.get("id", other))

    def _lot(self, name: str, told: Mapping[str, Plain]) -> None:
        of = name.removesuffix("lot").strip("_").upper()
        asset = str(told.get("asset", "" if of == "UNIVERSAL" else of)) or self.main
        key = self._key(told, asset if of else "A")
        at_us, quantity = when(told.get("date", BOUGHT)), amount(told["qty"])
        known = (Basis(quantity, amount(told["basis"]), at_us),)
        self.entries.append(Receipt(key, at_us, self._account(told), asset, quantity, known))

    def _account(self, told: Mapping[str, Plain]) -> str:
        return str(told.get("account", HOME))

    def _either(self, told: Mapping[str, Plain]) -> None:
        if "side" in told:
            self._trade(told, buys=told["side"] == "buy")
        else:
            self._swap(told)

    def _trade(self, told: Mapping[str, Plain], *, buys: bool, day: str = BOUGHT) -> None:
        base = str(told.get("asset", self.main))
        quote, cost, quantity = self._money(told)
        other = "A" if buys and base == self.main else f"{base}-{self.count + 1}"
        key, fee, asset = self._key(told, other), *self._fee(told)
        at_us = when(told.get("date", told.get("t", day)))
        if "date" not in told and "t" not in told:
            at_us += self.count * DAY_US
        self._mark(told, at_us)
        priced = told.get("fee_asset_price", told.get("fee_price"))
        legs = ((quote, cost), (base, quantity))
        value, _ = value_of(legs, at_us, self.marks, self._pegs())
        self.entries.append(
            Trade(
                key=key,
                at_us=at_us,
                account=self._account(told),
                base=base,
                quote=quote,
                buys=buys,
                quantity=quantity,
                cost=cost,
                fee=fee,
                fee_asset=asset,
                value=value,
                fee_value=None if priced is None else fee * amount(priced),
                trade_id=str(told.get("trade_id", "")),
                seq=self.count,
            )
        )

    def _pegs(self) -> frozenset[str]:
        return frozenset({"USDT", "USDC"}) if self.pegged else frozenset()

    def _fee(self, told: Mapping[str, Plain]) -> tuple[Decimal, str]:
        fee = amount(told.get("fee", "0"))
        return fee, str(told.get("fee_asset", CASH if fee else ""))

    def _money(self, told: Mapping[str, Plain]) -> tuple[str, Decimal, Decimal]:
        """(quote asset, cost in it, quantity of the base)."""
        for name, raw in told.items():
            way, _, coin = name.partition("_")
            if way in ("for", "spend") and coin:
                quantity = told.get("qty", "1")
                return coin.upper(), amount(raw), amount(quantity)
        quantity = amount(told["qty"])
        for name in ("cost", "gross", "proceeds"):
            if name in told:
                return str(told.get("quote", CASH)), amount(told[name]), quantity
        return str(told.get("quote", CASH)), quantity * amount(told["price"]), quantity

    def _mark(self, told: Mapping[str, Plain], at_us: int) -> None:
        for name, raw in told.items():
            asset, _, quote = name.partition("_")
            if quote == "usd":
                at, worth = asset.upper(), amount(raw)
                self.marks.add(Mark(asset=at, value=worth, at_us=at_us, source=name))

    def _swap(self, told: Mapping[str, Plain]) -> None:
        at_us = when(told.get("date", SOLD))
        self._mark(told, at_us)
        given = str(told["sell_asset"]), amount(told["sell_qty"])
        got = str(told["buy_asset"]), amount(told["buy_qty"])
        value, _ = value_of((given, got), at_us, self.marks, self._pegs())
        fee, asset = self._fee(told)
        priced = told.get("fee_asset_price")
        self.entries.append(
            Trade(
                key=self._key(told, f"{given[0]}-{got[0]}"),
                at_us=at_us,
                account=self._account(told),
                base=got[0],
                quote=given[0],
                buys=True,
                quantity=got[1],
                cost=given[1],
                fee=fee,
                fee_asset=asset,
                value=value,
                fee_value=None if priced is None else fee * amount(priced),
                seq=self.count,
            )
        )

    def _transfer(self, told: Mapping[str, Plain]) -> None:
        sent = amount(told["sent"])
        received = amount(told["received"]) if "received" in told else sent - amount(told["fee"])
        left_us = when(told["date"])
        came_us = when(told.get("arrived", told["date"]))
        key, asset = self._key(told, "transfer"), str(told.get("asset", self.main))
        fee = sent - received
        worth = fee * amount(told["price"]) if "price" in told else None
        self.entries += [
            Departure(key, left_us, str(told["frm"]), asset, received, fee, worth, self.count),
            Arrival(key, came_us, str(told["to"]), asset, received, key, self.count),
        ]

    def _income(self, told: Mapping[str, Plain]) -> None:
        quantity = amount(told["qty"])
        worth = next((told[name] for name in VALUES if name in told), None)
        each = next((told[name] for name in PRICES if name in told), None)
        value = quantity * amount(each) if worth is None else amount(worth)
        asset, at_us = str(told.get("asset", self.main)), when(told["date"])
        key = self._key(told, f"{asset}-{self.count + 1}")
        self.entries.append(Income(key, at_us, self._account(told), asset, quantity, value))

    def _deposit(self, told: Mapping[str, Plain]) -> None:
        quantity = amount(told["qty"])
        known: tuple[Basis, ...] = ()
        supplied = self.inputs.get("basis_supplied")
        if self.later and supplied is not None:
            worth = amount(supplied["basis"])
            known = (Basis(quantity, worth, when(supplied["acquired"])),)
        asset, key = str(told.get("asset", self.main)), self._key(told, "deposit")
        at_us, account = when(told["date"]), self._account(told)
        self.entries.append(Receipt(key, at_us, account, asset, quantity, known))

    def _spending(self, told: Mapping[str, Plain]) -> None:
        asset, quantity = str(told.get("asset", self.main)), amount(told["qty"])
        value = amount(told["value"]) if "value" in told else None
        key, kind = self._key(told, "spending"), str(told.get("kind", "payment"))
        at_us, account = when(told["date"]), self._account(told)
        self.entries.append(Spending(key, at_us, account, asset, quantity, value, kind))


def main_asset(inputs: Mapping[str, Plain]) -> str:
    """The asset that a case is about where its rows do not say so; BTC unless it is told."""
    for name in ("deposit", "income", "withdrawal", "transfer"):
        if isinstance(inputs.get(name), Mapping) and "asset" in inputs[name]:
            return str(inputs[name]["asset"])
    return str(inputs.get("asset", "BTC"))
