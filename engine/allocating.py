"""Makes allocation versions and reads them: the ledger keeps what proves them, not their rows.

The one rule: a version is never changed and never guessed; what is shown is computed from the
facts up to its head, and says whether its digest is the one in the ledger.
"""

from collections import OrderedDict

from accounting.allocations import Allocation, Sliced, difference
from accounting.validation import Finding, validate
from domain import versions
from domain.board import Board
from domain.elections import AllocationMade, TaxYearFiled
from domain.errors import Refused
from domain.events import Fact
from domain.sightings import Sighting
from engine.floor import Floor
from engine.livebook import LiveBook
from engine.lots import Lots
from engine.operators import Operator, Role
from engine.valuing import bounded
from engine.versions import chain_of, computed, digest_of, of_rows

REMEMBERED = 2  # versions in memory: a difference needs two
FINDINGS = 200
ASSETS = 200
Known = tuple[Allocation, str]  # with its digest


class Allocating:
    """Answers ComputeAllocation, ReadAllocations, ShowAllocation, DiffAllocations and Validate."""

    def __init__(self, floor: Floor, lots: Lots, program: str) -> None:
        self._floor = floor
        self._lots = lots
        self._program = program
        self.made: dict[int, AllocationMade] = {}
        self.filed: dict[int, int] = {}
        self._kept: OrderedDict[int, Known] = OrderedDict()
        self._making = False
        desk = floor.desk
        desk.keep(self)
        desk.answer(versions.ComputeAllocation, self.compute, Role.ADMIN)
        desk.answer(versions.ReadAllocations, self.list, Role.VIEWER)
        desk.answer(versions.ShowAllocation, self.show, Role.VIEWER)
        desk.answer(versions.DiffAllocations, self.diff, Role.VIEWER)
        desk.answer(versions.ValidateAllocation, self.validate, Role.VIEWER)

    def fact(self, fact: Fact, _: Board) -> None:
        """Follow which versions were made, and which were filed."""
        if isinstance(fact, AllocationMade):
            self.made[fact.number] = fact
        elif isinstance(fact, TaxYearFiled):
            self.filed[fact.year] = fact.version

    def sighting(self, sighting: Sighting, board: Board) -> None:
        """No version is made of what is only seen."""

    async def compute(self, ask: versions.ComputeAllocation, caller: Operator) -> versions.Version:
        """The next version, of the facts that are durable now; the first is of all assets.

        Raises:
            Refused: another one is being made, or there are no facts of such an asset.
        """
        if self._making:
            raise Refused("allocations", "a version is being computed already; ask again")
        if len(ask.assets) > ASSETS:
            raise Refused("allocations", f"over {ASSETS} assets; compute all of them")
        self._making = True
        try:
            return await self._made_next(ask, caller)
        finally:
            self._making = False

    async def _made_next(
        self, ask: versions.ComputeAllocation, caller: Operator
    ) -> versions.Version:
        board, number = self._floor.desk.board, max(self.made, default=0) + 1
        draft = AllocationMade(
            at_us=self._floor.now_us(),
            actor=caller.name,
            number=number,
            upto_seq=board.ledger.head_seq,
            head=board.ledger.head_hash,
            elections_sha="",
            base_currency=self._floor.settings.base_currency,
            tax_time_zone=self._floor.settings.time_zone,
            program=self._program,
            digest="",
            assets=tuple(sorted(set(ask.assets))) if number > 1 else (),
        )
        fact, known = await self._lots.ask(lambda live: self._computed(draft, live))
        await self._floor.desk.record(fact)
        self._keep(number, known)
        return self._version(fact)

    def _computed(self, draft: AllocationMade, live: LiveBook) -> tuple[AllocationMade, Known]:
        rows = live.rows_to(draft.upto_seq)
        before = self._known(draft.number - 1, live)[0] if draft.assets else None
        allocation = of_rows(draft, rows, before)
        unknown = set(draft.assets) - {lot.asset for lot in allocation.acquired}
        unknown -= {sold.asset for sold in allocation.sold}
        if unknown:
            told = ", ".join(sorted(unknown))
            raise Refused("allocations", f"nothing was ever bought, sold or held of {told}")
        digest = digest_of(allocation)
        fact = AllocationMade(
            at_us=draft.at_us,
            actor=draft.actor,
            number=draft.number,
            upto_seq=draft.upto_seq,
            head=draft.head,
            elections_sha=allocation.made.policy_sha,
            base_currency=draft.base_currency,
            tax_time_zone=draft.tax_time_zone,
            program=draft.program,
            digest=digest,
            assets=draft.assets,
            slices=len(allocation.slices),
            unmatched=len(allocation.unmatched),
            realised=allocation.realised,
        )
        return fact, (allocation, digest)

    async def list(self, ask: versions.ReadAllocations, _: Operator) -> versions.VersionPage:
        """A page of versions, newest first."""
        below = sorted((n for n in self.made if not ask.before or n < ask.before), reverse=True)
        limit = bounded(ask.limit)
        return versions.VersionPage(
            versions=tuple(self._version(self.made[number]) for number in below[:limit]),
            total=len(self.made),
            older=len(below) > limit,
        )

    async def show(self, ask: versions.ShowAllocation, _: Operator) -> versions.AllocationPage:
        """A page of a version's rows."""
        allocation, proven = await self._asked(ask.number)
        rows = [row for row in allocation.slices if not ask.asset or row.asset == ask.asset]
        skip, limit = max(0, ask.skip), bounded(ask.limit)
        return versions.AllocationPage(
            version=self._version(self.made[ask.number]),
            rows=tuple(_row(row) for row in rows[skip : skip + limit]),
            total=len(rows),
            more=skip + limit < len(rows),
            proven=proven,
        )

    async def diff(self, ask: versions.DiffAllocations, _: Operator) -> versions.AllocationDiff:
        """What changed between two versions."""
        chain_of(ask.old, self.made)
        chain_of(ask.new, self.made)
        old, old_proven = await self._asked(ask.old)
        new, new_proven = await self._asked(ask.new)
        changes = await self._lots.ask(lambda _: difference(old, new))
        limit = bounded(ask.limit)
        return versions.AllocationDiff(
            old=ask.old,
            new=ask.new,
            realised=changes.realised,
            added=tuple(_row(row) for row in changes.added[:limit]),
            removed=tuple(_row(row) for row in changes.removed[:limit]),
            added_total=len(changes.added),
            removed_total=len(changes.removed),
            proven=old_proven and new_proven,
        )

    async def validate(self, ask: versions.ValidateAllocation, _: Operator) -> versions.Validation:
        """Everything wrong with a version, also more unmatched sales than the one before."""
        allocation, proven = await self._asked(ask.number)
        before = self.made.get(ask.number - 1)
        previous = None if before is None else (await self._asked(before.number))[0]
        found = await self._lots.ask(lambda _: validate(allocation, previous))
        if not proven:
            fact = self.made[ask.number]
            told = f"version {fact.program} of this program computed other rows from the same facts"
            found = [Finding("digest", fact.digest[:16], told), *found]
        return versions.Validation(
            number=ask.number,
            proven=proven,
            findings=tuple(
                versions.Wrong(check=told.check, what=told.what, detail=told.detail)
                for told in found[:FINDINGS]
            ),
            total=len(found),
        )

    async def _asked(self, number: int) -> tuple[Allocation, bool]:
        chain_of(number, self.made)
        allocation, digest = await self._lots.ask(lambda live: self._known(number, live))
        self._keep(number, (allocation, digest))
        return allocation, digest == self.made[number].digest

    def _known(self, number: int, live: LiveBook) -> Known:
        kept = self._kept.get(number)
        if kept is not None:
            return kept
        allocation = computed(chain_of(number, self.made), live)
        return allocation, digest_of(allocation)

    def _keep(self, number: int, known: Known) -> None:
        self._kept[number] = known
        self._kept.move_to_end(number)
        while len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)

    def _version(self, fact: AllocationMade) -> versions.Version:
        return versions.Version(
            number=fact.number,
            at_us=fact.at_us,
            actor=fact.actor,
            upto_seq=fact.upto_seq,
            head=fact.head,
            elections_sha=fact.elections_sha,
            program=fact.program,
            digest=fact.digest,
            assets=fact.assets,
            slices=fact.slices,
            unmatched=fact.unmatched,
            realised=fact.realised,
            filed=tuple(
                sorted(year for year, number in self.filed.items() if number == fact.number)
            ),
        )


def _row(row: Sliced) -> versions.AllocationRow:
    return versions.AllocationRow(
        key=row.key,
        asset=row.asset,
        account=row.account,
        at_us=row.at_us,
        kind=row.kind,
        lot=row.lot,
        acquired_us=row.acquired_us or 0,
        quantity=row.quantity,
        proceeds=row.proceeds,
        basis=row.basis,
        gain=row.gain,
        flag=row.flag,
    )
