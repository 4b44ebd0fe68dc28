"""A chat's webhook on the loopback, over TLS: what it took, and answers of every bad kind."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

from alerts.outward import Outward
from alerts.targets import Host
from alerts.webhooks import SlackHook, Webhook
from tests.servers.certificate import make_certificate

NAME = "chat.example.org"
SECRET = "/services/T00000000/B11111111/XyZsecretXyZsecretXyZsec"
LOOPBACK = "127.0.0.1"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    told = "".join(f"{header}\r\n" for header in headers)
    return f"HTTP/1.1 {status}\r\n{told}Content-Length: {len(body)}\r\n\r\n".encode() + body


@dataclass
class Chat:
    """The server: `says` is what it answers, byte for byte; then `goes_on` writes for ever.

    `stays` keeps the connection open after that without a word.
    """

    port: int = 0
    ca_file: str = ""
    says: bytes = OK
    goes_on: bytes = b""
    stays: bool = False
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    lookups: list[str] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def texts(self) -> list[str]:
        return [json.loads(body)["text"] for body in self.bodies]

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}{SECRET}"

    @property
    def host(self) -> Host:
        return Host(NAME, self.port)

    async def resolve(self, name: str, port: int) -> Sequence[str]:
        self.lookups.append(name)
        return [LOOPBACK]

    def outward(self, *, timeout_s: int = 10, ca_file: str | None = None) -> Outward:
        """A way out that may go to the loopback, and to nothing else."""
        return Outward(
            "alerts.webhooks.ops",
            ca_file=self.ca_file if ca_file is None else ca_file,
            policy=lambda address: "" if address == LOOPBACK else "is elsewhere",
            resolve=self.resolve,
            timeout_s=timeout_s,
        )

    def webhook(self, **more: object) -> Webhook:
        told = {"name": "ops", "url": lambda: self.url, "hosts": (self.host,), **more}
        return Webhook(**told)  # type: ignore[arg-type]

    def hook(self, **more: object) -> SlackHook:
        return SlackHook(self.webhook(**more), self.outward())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(
                int(line.partition(":")[2])
                for line in head.splitlines()
                if line.lower().startswith("content-length:")
            )
            self.bodies.append(await reader.readexactly(length))
            self.heads.append(head)
            self.came.set()
            writer.write(self.says)
            while self.goes_on:
                writer.write(self.goes_on)
                await writer.drain()
            if self.stays:
                await reader.read()
        except (OSError, asyncio.IncompleteReadError):
            pass  # who asked has had enough
        finally:
            writer.close()


@asynccontextmanager
async def chat(folder: Path, *, certified: str = NAME) -> AsyncGenerator[Chat]:
    """The server while the block runs, with a certificate for `certified`."""
    certificate, key = folder / "chat.pem", folder / "chat.key"
    make_certificate(certificate, key, certified)
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    made = Chat(ca_file=str(certificate))
    server = await asyncio.start_server(made.serve, LOOPBACK, 0, ssl=context)
    async with server:
        made.port = server.sockets[0].getsockname()[1]
        yield made
