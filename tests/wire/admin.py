"""The admin port: one table of commands, the same in process and over HTTP.

A venue family hands over an object; each of its public methods is a command, its docstring the
help. `GET /` lists them; `POST /<command>` takes a JSON object of arguments and answers
`{"ok": true, "result": …}` or `{"ok": false, "error": …}`. The one rule: commands take and give
plain JSON, so that a test can move out of the venue's process unchanged.
"""

import inspect
import json
import socket
from collections.abc import Mapping
from urllib.request import Request, urlopen

from aiohttp import web

from tests.wire.encode import encode

REPLY_S = 20


class Unheard(Exception):
    """A command that does not exist, or whose arguments or state do not fit."""


class Commands:
    """Runs the public methods of `target` by name."""

    def __init__(self, target: object) -> None:
        self._target = target

    def help(self) -> dict[str, str]:
        """Every command with its arguments and its first line of help."""
        return {
            name: f"{inspect.signature(method)} {inspect.getdoc(method) or ''}".partition("\n")[0]
            for name, method in inspect.getmembers(self._target, inspect.ismethod)
            if not name.startswith("_")
        }

    async def run(self, command: str, arguments: Mapping[str, object]) -> object:
        """Carry a command out. Raises Unheard."""
        if command not in self.help():
            raise Unheard(f"no command {command!r}; there are {', '.join(self.help())}")
        method = getattr(self._target, command)
        try:
            inspect.signature(method).bind(**arguments)
        except TypeError as error:
            raise Unheard(f"{command}: {error}") from error
        result = method(**arguments)
        return await result if inspect.isawaitable(result) else result


class AdminPort:
    """The commands over HTTP, on a port of its own that stays up when the venue is down."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self) -> None:
        """Open an ephemeral port on 127.0.0.1."""
        app = web.Application(client_max_size=1 << 23)
        app.router.add_get("/", self._help)
        app.router.add_post("/{command}", self._run)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        await web.SockSite(self._runner, listener).start()

    async def stop(self) -> None:
        """Close the port."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _help(self, _request: web.Request) -> web.Response:
        return web.Response(text=encode(self._commands.help()), content_type="application/json")

    async def _run(self, request: web.Request) -> web.Response:
        try:
            arguments = json.loads(await request.text() or "{}")
            result = await self._commands.run(request.match_info["command"], arguments)
        except Exception as error:  # noqa: BLE001  # the tester reads it; the venue goes on
            said: dict[str, object] = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        else:
            said = {"ok": True, "result": result}
        return web.Response(text=encode(said), content_type="application/json")


class AdminClient:
    """The commands of a venue in another process. Blocking; for tests and scripts."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ask(self, command: str, **arguments: object) -> object:
        """Carry a command out there. Raises Unheard."""
        request = Request(  # 127.0.0.1 only
            f"{self._url}/{command}", json.dumps(arguments).encode(), method="POST"
        )
        with urlopen(request, timeout=REPLY_S) as reply:
            said = json.loads(reply.read())
        if not said["ok"]:
            raise Unheard(said["error"])
        result: object = said["result"]
        return result
