"""Changing quantity or price of a working order.

The one rule: the old terms stay in force until the venue confirms the new ones.
"""

from collections.abc import Iterable

from textual.widget import Widget

from domain.asks import ModifyOrder
from domain.money import NotANumber, canonical, number
from domain.orders import OrderState
from tui.lines import Lines, Part
from tui.stage import Picture
from tui.widgets.dialog import Dialog, sentence
from tui.widgets.fields import Labelled, typed
from tui.words import side_tone, side_word, status_tone, status_word

ORDER_LIVES_US = 10_000_000


class Modify(Dialog):
    """Two fields with the terms in force."""

    AUTO_FOCUS = "#quantity"

    def __init__(self, state: OrderState) -> None:
        super().__init__("modify order", confirm="Change", tone="accent")
        self._state = state
        self._quantity = typed("", id="quantity", restrict=r"[0-9.,']*")
        self._price = typed("", id="price", restrict=r"[0-9.,']*")

    def fields(self) -> Iterable[Widget]:
        """Quantity; price for a limit order."""
        self._quantity.value = canonical(self._state.quantity)
        yield Labelled("quantity", self._quantity)
        if self._state.price is not None:
            self._price.value = canonical(self._state.price)
            yield Labelled("price", self._price)

    def told(self, picture: Picture, width: int) -> Lines:
        """The order as it stands, and what changing it means."""
        del width
        state = picture.board.orders.get(self._state.client_id, self._state)
        order = state.order
        return [
            [
                Part(side_word(order.side), side_tone(order.side)),
                Part(f" {order.symbol} ", "strong"),
                Part(status_word(state), status_tone(state.status)),
                Part(f"  {order.account}", "dim"),
            ],
            sentence("Until the venue confirms, the larger of both remainders is reserved.", "dim"),
            (),
        ]  # fmt: skip

    def confirmed(self) -> None:
        """Ask for the change."""
        try:
            quantity = number(self._quantity.value.replace(",", ""))
            price = number(self._price.value.replace(",", "")) if self._state.price else None
        except NotANumber as error:
            self.complain(f"nothing was changed: {error}")
            return
        if quantity == self._state.quantity and price == self._state.price:
            self.complain("nothing was changed: these are the terms in force")
            return
        ask = ModifyOrder(
            client_id=self._state.client_id,
            quantity=quantity if quantity != self._state.quantity else None,
            price=price if price != self._state.price else None,
            expires_us=self.stage.options.now_us() + ORDER_LIVES_US,
        )
        self.attempt(ask, lambda answer: f"change of {answer.client_id} {answer.status.value}")
