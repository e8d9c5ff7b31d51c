"""A TCP proxy before one server that does to connections what a script says.

What passes is passed byte by byte, so URLs, `Host` and signatures stay whole if clients are given
the proxy's address. 127.0.0.1 only; everything it holds is gone when its block ends.
"""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from reel_stack.ports import LOOPBACK
from reel_testing.fault_connection import HEAD_LIMIT, Connection, Heard
from reel_testing.faults import FINE, Fault, Line, Script, no_faults
from reel_testing.waiting import until


class FaultProxy:
    """Stands before port `upstream`, which may be set later, before the first connection.

    `hits` counts what was really done to somebody, `delayed` the chunks that took their time,
    `passed` those that got through, `accepted` connections; `heard` is what came back over HTTP.
    """

    def __init__(self, upstream: int, script: Script, line: Line, *, is_http: bool) -> None:
        self.upstream = upstream
        self.script = script
        self.line = line
        self.is_http = is_http
        self.port = 0
        self.hits: Counter[Fault] = Counter()
        self.delayed = 0
        self.accepted = 0
        self.passed = 0
        self.heard = Heard()
        self._connections: set[Connection] = set()

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def open_connections(self) -> int:
        return len(self._connections)

    def partition(self) -> int:
        """Make every connection there is half-open, idle ones too; return how many."""
        for connection in self._connections:
            connection.fall_silent()
        return len(self._connections)

    async def pause(self) -> None:
        """Wait as long as a chunk takes on this line."""
        wait_s = self.line.latency_s + self.script.jitter_s(self.line.jitter_s)
        if wait_s > 0:
            self.delayed += 1
            await asyncio.sleep(wait_s)

    async def handle(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.accepted += 1
        try:
            server = await asyncio.open_connection(LOOPBACK, self.upstream)
        except OSError:  # it is away, and the client is to notice
            writer.transport.abort()
            return
        connection = Connection(self, (reader, writer), server)
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)

    def close(self) -> None:
        for connection in self._connections:
            connection.reset()


@asynccontextmanager
async def fault_proxy(
    upstream: int, script: Script | None = None, *, line: Line = FINE, is_http: bool = True
) -> AsyncGenerator[FaultProxy]:
    """Put a proxy before a port of this machine until the block ends."""
    proxy = FaultProxy(upstream, script or no_faults(), line, is_http=is_http)
    server = await asyncio.start_server(proxy.handle, LOOPBACK, 0, limit=HEAD_LIMIT)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.close()
        await until(lambda: not proxy.open_connections)
        await server.wait_closed()
