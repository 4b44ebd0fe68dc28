"""Filing a tax year: from then on the year reads the allocation version it was filed with.

The one rule: a year is filed once. What later facts would have changed is told beside it and
changes nothing (accounting.md, "Corrections").
"""

from domain.asks import Done
from domain.elections import TaxYearFiled
from domain.errors import Refused
from domain.sentences import sentence
from domain.versions import FileTaxYear
from engine.allocating import Allocating
from engine.floor import Floor
from engine.operators import Operator, Role
from engine.secondfactor import SecondFactor

EARLIEST, LATEST = 2009, 9998


class Filing:
    """Answers FileTaxYear."""

    def __init__(self, floor: Floor, allocating: Allocating, codes: SecondFactor) -> None:
        self._floor = floor
        self._allocating = allocating
        self._codes = codes
        floor.desk.answer(FileTaxYear, self.file, Role.ADMIN)

    async def file(self, ask: FileTaxYear, caller: Operator) -> Done:
        """Pin a year to a version.

        Raises:
            Refused: no such version or year, a year that was filed already, a wrong code.
        """
        made = self._allocating.made
        number = ask.version or max(made, default=0)
        if number not in made:
            told = f"there is no version {number}" if number else "there is no version"
            raise Refused("filing", f"{told}; make one: quarterdeck allocations compute")
        if not EARLIEST <= ask.year <= LATEST:
            raise Refused("filing", f"{ask.year} is no year of digital assets")
        self._new(ask.year)
        spent = await self._codes.allow(caller.name, ask.code, "accounting")
        self._new(ask.year)  # another may have filed it while the code was looked at
        fact = TaxYearFiled(
            at_us=self._floor.now_us(), actor=caller.name, year=ask.year, version=number
        )
        await self._floor.desk.record(spent, fact)
        return Done(detail=f"it is written down: {sentence(fact)}")

    def _new(self, year: int) -> None:
        filed = self._allocating.filed.get(year)
        if filed is not None:
            raise Refused("filing", f"{year} was filed with version {filed} already")
