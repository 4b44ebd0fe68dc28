"""What one does to an order that is there: cancel it, look it up; and how the answer is told.

The one rule: an answer that is UNKNOWN is never told as a failure, and never repeated.
"""

from textual.widget import Widget

from domain.asks import CancelOrder, Requery, Submitted
from domain.orders import OrderState, Status
from tui.stage import stage_of

_BAD = (Status.REJECTED, Status.DENIED, Status.LOST)


def tell(widget: Widget, answer: Submitted, what: str) -> None:
    """Say how an order stands after its first answer."""
    reason, severity = (f": {answer.reason}" if answer.reason else ""), "information"
    if answer.status is Status.UNKNOWN:
        severity, reason = "warning", ": it is being looked up, do not send it again"
    elif answer.status in _BAD:
        severity = "error"
    stage_of(widget).say(f"{what} {answer.client_id} {answer.status.value}{reason}", severity)


def cancel(widget: Widget, state: OrderState) -> None:
    """Ask for an order to be cancelled."""
    ask = CancelOrder(client_id=state.client_id)
    stage_of(widget).send(ask, lambda answer: tell(widget, answer, "cancel of"))


def requery(widget: Widget, state: OrderState) -> None:
    """Ask for an order to be looked up at its venue."""
    ask = Requery(client_id=state.client_id)
    stage_of(widget).send(ask, lambda answer: tell(widget, answer, "look-up of"))
