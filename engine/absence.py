"""When searches that found nothing prove that an order is nowhere (semantics 1.5).

The one rule: two complete searches, apart in time, both after anything of ours could still
arrive. A search that failed, or came too early, proves nothing.
"""

from domain.orders import OrderState
from engine.floor import Floor

SECOND_US = 1_000_000


class Proof:
    """The complete searches for one order that found nothing, since it is followed."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._since_us = floor.clock.monotonic_us()
        self._first_us = 0

    def void(self) -> None:
        """A sign of it was found: whatever was searched before proves nothing."""
        self._first_us = 0

    def by(self, state: OrderState) -> bool:
        """One more complete search has found nothing: is that the proof?"""
        now = self._floor.clock.monotonic_us()
        if self._early(state, now):
            return False
        if not self._first_us:
            self._first_us = now
            return False
        return now - self._first_us >= self._floor.settings.search_gap_s * SECOND_US

    def _early(self, state: OrderState, now: int) -> bool:
        """Whether it could still arrive, or a list still lag behind what was told of it."""
        late_us = self._late_us(state)
        quiet_us = self._quiet_us(state)
        if quiet_us is None or self._floor.now_us() < quiet_us + late_us:
            return True
        # The wall clock may have jumped; this one does not.
        return not state.seen and now < self._since_us + late_us

    def _quiet_us(self, state: OrderState) -> int | None:
        """After which moment no byte of its create left; None while one may still leave.

        Approval is not that moment: an intent waits for its disk, and a create for the venue's
        budget. An order that the venue has shown is quiet since it was last heard of.
        """
        if state.seen:
            return state.updated_us
        if state.outcome_unknown:
            return state.doubt_us
        started_us = self._floor.desk.board.started_us
        return started_us if state.order.at_us < started_us else None

    def _late_us(self, state: OrderState) -> int:
        """For how long what has left could still take effect at the venue."""
        traits = self._floor.connections.of(state.order.account).traits
        venue = self._floor.desk.board.venues.get(traits.venue)
        skew_us = abs(venue.skew_us or 0) if venue is not None else 0
        return traits.request_timeout_us + traits.recv_window_us + skew_us
