"""A forward HTTP proxy that loses connections on purpose.

A client is pointed at it with HTTP_PROXY, so URLs, `Host` and signatures stay as they are
(RFC 9112, section 3.2.2: absolute-form). One request a connection; 127.0.0.1 only.
"""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, urlsplit

CHUNK: Final = 64 * 1024
HEAD_LIMIT: Final = 64 * 1024
TIMEOUT_S: Final = 60


@dataclass
class FaultyProxy:
    """What to break, and what was seen.

    `cut_part`: the first PUT of this part loses its connection half-way through the body.
    `hold_part`: PUTs of this part and later ones stall half-way until the proxy ends. What their
    client had sent by then is lost with it, though the sockets may hold all of it.
    `stored` and `broken`: part numbers in the order they ended, by how they ended.
    `paths`: every request line's method and path.
    """

    cut_part: int | None = None
    hold_part: int | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    held: asyncio.Event = field(default_factory=asyncio.Event)
    stored: list[int] = field(default_factory=list[int])
    broken: list[int] = field(default_factory=list[int])
    paths: list[str] = field(default_factory=list[str])
    url: str = ""

    async def handle(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._exchange(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # one side went away: that is what this proxy is for
        finally:
            writer.close()

    async def _exchange(self, reader: StreamReader, writer: StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, headers = _parse(head)
        url = urlsplit(target)
        self.paths.append(f"{method} {url.path}")
        part = int(parse_qs(url.query).get("partNumber", ["0"])[0]) if method == "PUT" else 0
        up_reader, up_writer = await asyncio.open_connection(url.hostname, url.port or 80)
        try:
            path = url.path + (f"?{url.query}" if url.query else "")
            up_writer.write(
                f"{method} {path} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n".encode()
            )
            await self._body(reader, up_writer, _length(headers), part)
            await self._answer(up_reader, writer, part)
        except (OSError, asyncio.IncompleteReadError):
            self.broken.append(part)
            raise
        finally:
            up_writer.close()

    async def _body(
        self, reader: StreamReader, upstream: StreamWriter, length: int, part: int
    ) -> None:
        sent = 0
        while sent < length:
            if part and sent >= length // 2:
                await self._misbehave(part)
            data = await reader.read(min(CHUNK, length - sent))
            if not data:
                raise ConnectionResetError
            upstream.write(data)
            await upstream.drain()
            sent += len(data)

    async def _misbehave(self, part: int) -> None:
        if part == self.cut_part:
            self.cut_part = None
            raise ConnectionResetError
        if self.hold_part is not None and part >= self.hold_part:
            self.held.set()
            await self.ended.wait()
            raise ConnectionResetError

    async def _answer(self, upstream: StreamReader, writer: StreamWriter, part: int) -> None:
        first = True
        while data := await upstream.read(CHUNK):
            if first and part:
                (self.stored if b" 200 " in data[:16] else self.broken).append(part)
            first = False
            writer.write(data)
            await writer.drain()


def _parse(head: bytes) -> tuple[str, str, str]:
    first, _, rest = head.decode("latin-1").partition("\r\n")
    method, target, _ = first.split(" ", 2)
    lines = [
        line
        for line in rest.split("\r\n")
        if line and not line.lower().startswith(("connection:", "proxy-connection:"))
    ]
    return method, target, "".join(f"{line}\r\n" for line in lines)


def _length(headers: str) -> int:
    for line in headers.split("\r\n"):
        if line.lower().startswith("content-length:"):
            return int(line.partition(":")[2])
    return 0


@asynccontextmanager
async def faulty_proxy(
    *, cut_part: int | None = None, hold_part: int | None = None
) -> AsyncGenerator[FaultyProxy]:
    """Run the proxy on a free port until the block ends."""
    proxy = FaultyProxy(cut_part=cut_part, hold_part=hold_part)
    server = await asyncio.start_server(proxy.handle, "127.0.0.1", 0, limit=HEAD_LIMIT)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        proxy.ended.set()
        server.close()
        await server.wait_closed()
