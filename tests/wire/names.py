"""Ids that look like a venue's own, repeatable from a seed: `OXXXXX-XXXXX-XXXXXX`, or hex."""

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
            name = self.drawn(self._dice, first)
            if name not in self._given:
                self._given.add(name)
                return name

    def drawn(self, dice: Random, first: str) -> str:
        """One id; whether it was given before is none of its business."""
        letters = "".join(dice.choices(ALPHABET, k=16))
        return f"{first}{letters[:5]}-{letters[5:10]}-{letters[10:]}"


class HexNames(Names):
    """Ids of 24 hexadecimal digits, whatever they name."""

    def drawn(self, dice: Random, first: str) -> str:
        """One id of twelve bytes."""
        return dice.randbytes(12).hex()
