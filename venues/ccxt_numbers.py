"""Our ids as numbers, for a venue that knows orders by numbers of ours only (Bitfinex).

The number is the first 45 bits of the SHA-256 of our id. So the ledger needs no fact of its
own for it: our id stands there before anything is sent, and gives the number again after any
crash. Back from a number to an id leads only what was noted: an order that we placed, looked
for, cancelled, or read from the ledger. The one rule: a number that stands for one id is never
sent for another.
"""

from collections import OrderedDict
from hashlib import sha256

from domain.board import Board
from domain.events import Fact, OrderApproved
from domain.sightings import Sighting

_BITS = 45  # what Bitfinex takes: `int45`
REMEMBERED = 100_000  # of the newest orders: the odds of any clash among them are 1 in 7,000


def number_of(client_id: str) -> int:
    """The number of one of our ids, the same in every process and for ever."""
    return int.from_bytes(sha256(client_id.encode()).digest()) >> (256 - _BITS)


class Numbers:
    """The numbers of one venue's orders, by what is known of the orders (an `Observer`)."""

    def __init__(self, venue: str) -> None:
        self._venue = venue
        self._ids: OrderedDict[str, str] = OrderedDict()

    def note(self, client_id: str) -> bool:
        """Know an id from now on; False when its number stands for another id already."""
        number = str(number_of(client_id))
        known = self._ids.setdefault(number, client_id)
        self._ids.move_to_end(number)
        if len(self._ids) > REMEMBERED:
            self._ids.popitem(last=False)
        return known == client_id

    def own_id(self, told: str) -> str:
        """The id that a number in the venue's answer stands for; a number of others as it is."""
        return self._ids.get(told, told)

    def fact(self, fact: Fact, _: Board) -> None:
        """Note every order of the ledger when it is read, and every new one before it is sent."""
        if isinstance(fact, OrderApproved) and fact.order.account.venue == self._venue:
            self.note(fact.order.client_id)

    def sighting(self, sighting: Sighting, board: Board) -> None:
        """Sightings name no new order of ours."""
