"""`python -m bench.stream_venue`: the other end of the sockets, in a process of its own.

It answers subscriptions of every dialect, sends one frame, and then waits to be told on its
standard input how many to send, as fast as the socket takes them (`pump N`), or 5,000 fills
evenly over a second (`fills N`). The one rule: whatever it sends, the last price is SENTINEL.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable

from aiohttp import WSMsgType, web

from bench.stream_frames import DIALECTS, FIRST, NOW_MS, SENTINEL, frame, kraken_fill

CYCLE = 200
SLICES = 100
BULLET = {
    "token": "t",
    "instanceServers": [
        {
            "endpoint": "wss://ws-api-spot.kucoin.com/",
            "encrypt": True,
            "protocol": "websocket",
            "pingInterval": 18_000,
            "pingTimeout": 10_000,
        }
    ],
}
REST = {
    "GetWebSocketsToken": {"error": [], "result": {"token": "t", "expires": 900}},
    "Time": {"error": [], "result": {"unixtime": int(NOW_MS) // 1000}},
    "bullet-public": {"code": "200000", "data": BULLET},
}


class Venue:
    """Sockets by venue, and what they are told to send."""

    def __init__(self) -> None:
        self.sockets: list[tuple[str, web.WebSocketResponse]] = []
        self.private: list[web.WebSocketResponse] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """A REST answer, or a socket."""
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self.socket(request)
        return web.json_response(REST[request.path.rpartition("/")[2]])

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """One client: subscriptions are confirmed, the first price is told at once."""
        venue = request.path.split("/")[1]
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        self.sockets.append((venue, socket))
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self.heard(venue, socket, message.data)
        self.sockets.remove((venue, socket))
        if socket in self.private:
            self.private.remove(socket)
        return socket

    async def heard(self, venue: str, socket: web.WebSocketResponse, text: str) -> None:
        """Confirm a subscription; other words (pings) stay without an answer."""
        if "ubscribe" not in text and "SUBSCRIBE" not in text:
            return
        if venue == "kraken":
            await self._kraken(socket, json.loads(text))
            return
        if DIALECTS[venue].answer:
            await socket.send_str(DIALECTS[venue].answer)
        if venue == "kucoin":
            await socket.send_str(json.dumps({"id": json.loads(text)["id"], "type": "ack"}))
        await socket.send_str(frame(venue, FIRST))

    async def _kraken(self, socket: web.WebSocketResponse, said: dict[str, dict[str, str]]) -> None:
        channel = said["params"]["channel"]
        done = {"method": "subscribe", "success": True, "req_id": said.get("req_id")}
        result = {"channel": channel, "symbol": "BTC/USD"}
        await socket.send_str(json.dumps({**done, "result": result}))
        if channel == "ticker":
            await socket.send_str(frame("kraken", FIRST).replace('"update"', '"snapshot"'))
        else:
            snapshot = {"channel": channel, "type": "snapshot", "data": [], "sequence": 1}
            await socket.send_str(json.dumps(snapshot))
            self.private.append(socket)

    async def pump(self, count: int) -> None:
        """So many prices on every socket, the last one the sentinel."""
        await asyncio.gather(*(self._pumped(venue, sock, count) for venue, sock in self.sockets))

    async def _pumped(self, venue: str, socket: web.WebSocketResponse, count: int) -> None:
        told = [frame(venue, FIRST + number) for number in range(CYCLE)]
        for number in range(count - 1):
            await socket.send_str(told[number % CYCLE])
        await socket.send_str(frame(venue, SENTINEL))

    async def fills(self, count: int) -> None:
        """So many executions on the private socket, spread over a second."""
        told, loop = [kraken_fill(number) for number in range(count)], asyncio.get_running_loop()
        socket, began = self.private[-1], loop.time()
        for number in range(SLICES):
            for line in told[number * count // SLICES : (number + 1) * count // SLICES]:
                await socket.send_str(line)
            await asyncio.sleep(max(0, began + (number + 1) / SLICES - loop.time()))
        print(f"sent {loop.time() - began:.3f}", flush=True)

    async def poison(self, _: int) -> None:
        """A frame that nobody can read, on every socket."""
        for _venue, socket in self.sockets:
            await socket.send_str('{"channel":"ticker","type":')


async def main() -> None:
    """Serve until the standard input ends."""
    venue = Venue()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", venue.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    does: dict[str, Callable[[int], Awaitable[None]]] = {
        "pump": venue.pump,
        "fills": venue.fills,
        "poison": venue.poison,
    }
    while line := await asyncio.to_thread(sys.stdin.readline):
        word, number = line.split()
        await does[word](int(number))
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
