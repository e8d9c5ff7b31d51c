"""What the gateway keeps open to the services behind it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from reel_stack import gateway
from reel_stack.ports import LOOPBACK, Ports
from reel_stack.topology import UPLOAD, VIDEO
from reel_testing.stack import layout_for, state_directory
from reel_testing.supervised import supervised

APPS = 40
ROUNDS = 20
ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass
class Upstream:
    """Answers only when `APPS` requests are there, and keeps its connections open."""

    connections: int = 0
    waiting: asyncio.Barrier = field(default_factory=lambda: asyncio.Barrier(APPS))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await self.waiting.wait()
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.BrokenBarrierError):
            writer.close()

    @asynccontextmanager
    async def listening(self) -> AsyncGenerator[str]:
        server = await asyncio.start_server(self.serve, LOOPBACK, 0)
        async with server:
            yield f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
            await self.waiting.abort()


async def test_many_apps_at_once_need_no_new_connections_every_time() -> None:
    upstream = Upstream()
    async with state_directory() as directory, upstream.listening() as url:
        layout, port = layout_for(directory / "var"), Ports().choose()
        layout.prepare()
        async with supervised(layout) as supervisor:
            services = {VIDEO.name: url, UPLOAD.name: url}
            await supervisor.start(gateway.part(layout, port, services, tls=False))
            limits = httpx.Limits(max_connections=APPS, max_keepalive_connections=APPS)
            base = f"http://{LOOPBACK}:{port}"
            async with httpx.AsyncClient(base_url=base, limits=limits, timeout=30) as apps:
                for _ in range(ROUNDS):
                    async with asyncio.TaskGroup() as group:
                        polls = [group.create_task(apps.get("/api/videos")) for _ in range(APPS)]
                    assert {poll.result().status_code for poll in polls} == {204}

    assert upstream.connections < 2 * APPS
