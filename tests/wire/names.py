"""Ids that look like a venue's own: `OXXXXX-XXXXX-XXXXXX`, repeatable from a seed."""

from random import Random

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


class Names:
    """Mints ids that never repeat."""

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self._given: set[str] = set()

    def mint(self, first: str) -> str:
        """A new id that begins with the letter given."""
        while True:
            letters = "".join(self._dice.choices(ALPHABET, k=16))
            name = f"{first}{letters[:5]}-{letters[5:10]}-{letters[10:]}"
            if name not in self._given:
                self._given.add(name)
                return name
