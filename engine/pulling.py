"""Pull: read every account whole now, and take the snapshot that is due.

The one rule: one account that fails keeps no other from being read, and is named.
"""

import asyncio
from collections.abc import Sequence

from domain.errors import Unavailable
from domain.performance import Pull, Pulled, PulledAccount
from engine.accounts import AccountWatch
from engine.audit import KeyAudit
from engine.floor import Floor
from engine.operators import Operator, Role
from engine.snapshots import ALL, Snapshots

READ_S = 45  # whoever asks waits for a minute at most


class Pulling:
    """Answers Pull (R-E5)."""

    def __init__(
        self,
        floor: Floor,
        watches: Sequence[AccountWatch],
        keys: KeyAudit,
        snapshots: Snapshots,
    ) -> None:
        self._floor = floor
        self._watches = watches
        self._keys = keys
        self._snapshots = snapshots
        floor.desk.answer(Pull, self.pull, Role.TRADER)

    async def pull(self, ask: Pull, _: Operator) -> Pulled:
        """Reconcile, then the snapshot.

        Raises:
            Unavailable: the ledger took nothing.
        """
        accounts = await asyncio.gather(*map(self._read, self._watches))
        taken = await self._snapshots.take(partial=ask.partial)
        newest = self._floor.desk.board.snapshots.get(ALL)
        return Pulled(
            accounts=tuple(accounts),
            breaks=len(self._floor.desk.board.breaks),
            taken=taken.local_date,
            newest="" if newest is None else newest.local_date,
            newest_us=0 if newest is None else newest.at_us,
            next_us=self._snapshots.next_us(),
            doubts=taken.doubts,
        )

    async def _read(self, watch: AccountWatch) -> PulledAccount:
        account = str(watch.account)
        if self._keys.stranger(watch.account):
            return PulledAccount(
                account=account,
                problem="its key opens another account of the venue",
                remedy="give it the key of the account that the name is bound to",
            )
        try:
            async with asyncio.timeout(READ_S):
                await watch.reconcile()
        except Unavailable as error:
            return PulledAccount(account=account, problem=error.why, remedy=error.remedy)
        except TimeoutError:
            told = f"not read in {READ_S} s; the engine goes on reading"
            return PulledAccount(account=account, problem=told, remedy="pull again")
        return PulledAccount(account=account)
