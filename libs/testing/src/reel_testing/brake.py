"""A brake before an HTTP server: stops one kind of request, or its answer, at a known moment."""

import asyncio
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit, urlunsplit

CHUNK: Final = 64 * 1024


@dataclass
class Brake:
    """Forwards bytes, but for the first request that matches `pattern` and any after it.

    The pattern is looked for in what a client sends at once, which holds a request's whole head.
    With `answer_bytes` the request passes, and its answer stops after so many bytes. `held` is set
    when something was stopped; it goes on when `release` is set.
    """

    host: str
    port: int
    pattern: re.Pattern[bytes]
    answer_bytes: int | None = None
    own_port: int = 0
    held: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)

    def in_front(self, url: str) -> str:
        """Return `url` with this brake's address in place of the server's."""
        return urlunsplit(urlsplit(url)._replace(netloc=f"127.0.0.1:{self.own_port}"))

    async def handle(self, reader: StreamReader, writer: StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(self.host, self.port)
        connection = _Connection(self)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(connection.ask(reader, server_writer))
                group.create_task(connection.answer(server_reader, writer))
        finally:
            writer.transport.abort()
            server_writer.transport.abort()

    async def stop_here(self) -> None:
        """Wait for `release`."""
        self.held.set()
        await self.release.wait()


class _Connection:
    def __init__(self, brake: Brake) -> None:
        self._brake = brake
        self._left_bytes: int | None = None

    async def ask(self, client: StreamReader, server: StreamWriter) -> None:
        try:
            while chunk := await client.read(CHUNK):
                if self._brake.pattern.search(chunk):
                    await self._matched()
                server.write(chunk)
                await server.drain()
        except OSError:
            pass  # the client was killed: that is what brakes are for
        server.transport.abort()

    async def _matched(self) -> None:
        if self._brake.answer_bytes is None:
            await self._brake.stop_here()
        else:
            self._left_bytes = self._brake.answer_bytes

    async def answer(self, server: StreamReader, client: StreamWriter) -> None:
        try:
            while chunk := await server.read(CHUNK):
                await self._pass_on(chunk, client)
        except OSError:
            pass  # likewise
        client.transport.abort()

    async def _pass_on(self, chunk: bytes, client: StreamWriter) -> None:
        if self._left_bytes is not None and len(chunk) > self._left_bytes:
            client.write(chunk[: self._left_bytes])
            chunk, self._left_bytes = chunk[self._left_bytes :], None
            await self._brake.stop_here()
        elif self._left_bytes is not None:
            self._left_bytes -= len(chunk)
        client.write(chunk)
        await client.drain()


@asynccontextmanager
async def brake_before(
    url: str, pattern: bytes, *, answer_bytes: int | None = None
) -> AsyncGenerator[Brake]:
    """Put a brake before the server that `url` names; it lets go at the end of the block."""
    parts = urlsplit(url)
    brake = Brake(
        parts.hostname or "127.0.0.1", parts.port or 80, re.compile(pattern), answer_bytes
    )
    server = await asyncio.start_server(brake.handle, "127.0.0.1", 0)
    brake.own_port = server.sockets[0].getsockname()[1]
    try:
        yield brake
    finally:
        brake.release.set()
        server.close()
        await server.wait_closed()
