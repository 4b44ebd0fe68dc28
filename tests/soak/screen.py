"""A slow screen: it asks for every board, reads a little now and then, or nothing for a while.

The one rule of the server that is tried here: such a client costs the desk nothing.
"""

import asyncio
from random import Random

from engine import wire
from tests.soak.home import Home

AGAIN_S = 1
BITE = 512
BUFFER = 1 << 14


class SlowScreen:
    """Attaches, watches and dawdles, for ever. `dropped` counts how often the desk hung up."""

    def __init__(self, home: Home, dice: Random) -> None:
        self._home = home
        self._dice = dice
        self.dropped = 0
        self.read = 0

    async def run(self) -> None:
        """Come back whenever it was sent away."""
        while True:
            sockets = self._home.sockets
            if sockets:
                try:
                    await self._dawdle(str(sockets[0]))
                except OSError:
                    self.dropped += 1
            await asyncio.sleep(AGAIN_S)

    async def _dawdle(self, path: str) -> None:
        reader, writer = await asyncio.open_unix_connection(path, limit=BUFFER)
        try:
            writer.write(wire.line({"watch": 10}))
            await writer.drain()
            while piece := await reader.read(BITE):
                self.read += len(piece)
                nap_s = 45 if self._dice.random() < 0.02 else self._dice.uniform(0.05, 0.5)
                await asyncio.sleep(nap_s)
            self.dropped += 1
        finally:
            writer.close()
