"""Processes that are killed while they trade, and what they said until then."""

import asyncio
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def say(what: str) -> None:
    """One line of a victim, out at once."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


async def told_before_the_kill(module: str, directory: Path, lines: int) -> set[tuple[str, str]]:
    """What `python -m module directory` said until it was killed, somewhere after `lines`."""
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, str(directory), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert victim.stdout is not None
    said = [await victim.stdout.readline() for _ in range(lines)]
    victim.kill()
    said += (await victim.stdout.read()).splitlines(keepends=True)
    await victim.wait()
    whole = [line.decode().split() for line in said if line.endswith(b"\n")]
    assert len(whole) >= lines
    return {(what, name) for what, name in whole}
