"""A second factor for a throw-away home: enrolled as a script would, its codes printed on demand.

`python -m tests.wire.factor FOLDER` prints the code that counts now: the loopback's stand-in
for the operator's telephone. The one rule: the seed never leaves the throw-away folder.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.clock import SystemClock
from risk.codes import code_at, step_at

KEPT = "second-factor.json"
END_S = 30


@dataclass(frozen=True, slots=True)
class Factor:
    """What `totp enrol` gave."""

    seed: str
    recovery: tuple[str, ...]

    def code(self) -> str:
        """The code of this moment."""
        return code_at(self.seed, step_at(SystemClock().now_us()))


def enrolled(command: Sequence[str], environ: Mapping[str, str], folder: Path) -> Factor:
    """Enrol by `command` (`quarterdeck totp enrol --json`), over standard input and output.

    The codes of the two steps before this one confirm it, so that this one's still counts.
    """
    with subprocess.Popen(
        command,
        cwd=Path(__file__).parent.parent.parent,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        told = ""
        while not told.rstrip().endswith("}"):
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"totp enrol said: {told}")
            told += line
        made = json.loads(told)
        factor = Factor(made["secret"], tuple(made["recovery"]))
        step = step_at(SystemClock().now_us())
        for earlier in (step - 2, step - 1):
            process.stdin.write(f"{code_at(factor.seed, earlier)}\n")
        process.stdin.close()
        if process.wait(timeout=END_S):
            raise RuntimeError(f"totp enrol failed: {process.stdout.read()}")
    kept = json.dumps({"seed": factor.seed, "recovery": factor.recovery})
    (folder / KEPT).write_text(kept, encoding="utf-8")
    return factor


def main() -> None:
    """Print the code that counts now."""
    seed = json.loads((Path(sys.argv[1]) / KEPT).read_text(encoding="utf-8"))["seed"]
    print(Factor(seed, ()).code())  # noqa: T201


if __name__ == "__main__":
    main()
