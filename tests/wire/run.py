"""`python -m tests.wire.run [--port-file FILE] PROGRAM …`: run a program against the loopback.

`quarterdeck` runs in this process, redirected below its clients; any other program is started
with the environment that redirects it if it is Python. The one rule: the program sees its real
URLs, and cannot reach a real host.
"""

import argparse
import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.wire.redirect import environment, install, routes_from

PROGRAM = "quarterdeck"
ENTRY = "cli.main"


def main(arguments: list[str] | None = None) -> int:
    """Redirect, then run. The program's exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.wire.run", description=__doc__)
    told = "what a venue wrote, once for each venue; or WIRE_ROUTES"
    parser.add_argument("--port-file", type=Path, action="append", default=[], help=told)
    parser.add_argument("program", nargs=argparse.REMAINDER, help="quarterdeck, or any command")
    options = parser.parse_args(arguments)
    routes = routes_of(*options.port_file)
    if not routes or not options.program:
        parser.error("give --port-file (or set WIRE_ROUTES) and a program to run")
    os.environ.update(environment(routes))
    if options.program[0] != PROGRAM:
        os.execvp(options.program[0], options.program)  # the tester's own command
    install(routes)
    return _quarterdeck(options.program)


def routes_of(*port_files: Path) -> dict[str, str]:
    """The routes that the venues wrote, else those of this process."""
    if not port_files:
        return routes_from(os.environ)
    routes: dict[str, str] = {}
    for port_file in port_files:
        routes |= json.loads(port_file.read_text(encoding="utf-8"))["routes"]
    return routes


def _quarterdeck(command: list[str]) -> int:
    sys.argv = command
    program: Any = import_module(ENTRY)
    status = program.main()
    return status if isinstance(status, int) else 0


if __name__ == "__main__":
    sys.exit(main())
