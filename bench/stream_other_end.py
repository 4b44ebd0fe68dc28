"""The process at the other end of the sockets, as the one who measures holds it.

The one rule: it is a process of its own, so that what it costs to send is nobody's here.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.stream_frames import DIALECTS

TOP = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class OtherEnd:
    """A running `bench.stream_venue`: where each host is found there, and its ear."""

    process: asyncio.subprocess.Process
    routes: dict[str, str]

    async def say(self, word: str, count: int) -> None:
        """Have it send; see `bench.stream_venue`."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word} {count}\n".encode())
        await self.process.stdin.drain()

    async def heard(self) -> str:
        """Its next line."""
        assert self.process.stdout is not None
        return (await self.process.stdout.readline()).decode().strip()


@asynccontextmanager
async def other_end() -> AsyncGenerator[OtherEnd]:
    """Start it, and end it with the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.stream_venue",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=TOP,
    )
    try:
        end = OtherEnd(process, {})
        port = int(await end.heard())
        for venue, dialect in DIALECTS.items():
            for host in dialect.hosts:
                end.routes[host] = f"http://127.0.0.1:{port}/{venue}"
        yield end
    finally:
        process.kill()
        await process.wait()
