"""A TCP gate before a server: shut it, and the server is away; open it, and it is back."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit, urlunsplit

CHUNK: Final = 64 * 1024


@dataclass
class Gate:
    """Forwards connections while it is open; shutting it breaks those that are.

    `refused` counts those that came while it was shut.
    """

    host: str
    port: int
    is_open: bool = True
    own_port: int = 0
    refused: int = 0
    connections: set[StreamWriter] = field(default_factory=set[StreamWriter])

    def shut(self) -> None:
        """Reset every connection and refuse new ones."""
        self.is_open = False
        for writer in self.connections:
            writer.transport.abort()

    def open(self) -> None:
        """Let connections through again."""
        self.is_open = True

    def in_front(self, url: str) -> str:
        """Return `url` with this gate's address in place of the server's."""
        parts = urlsplit(url)
        credentials, at, _ = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{credentials}{at}127.0.0.1:{self.own_port}"))

    async def handle(self, reader: StreamReader, writer: StreamWriter) -> None:
        if not self.is_open:
            self.refused += 1
            writer.transport.abort()
            return
        server_reader, server_writer = await asyncio.open_connection(self.host, self.port)
        self.connections |= {writer, server_writer}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(reader, server_writer))
                group.create_task(_copy(server_reader, writer))
        finally:
            self.connections -= {writer, server_writer}
            writer.transport.abort()
            server_writer.transport.abort()


async def _copy(reader: StreamReader, writer: StreamWriter) -> None:
    try:
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()  # one side is gone: let the other side know


@asynccontextmanager
async def gate_before(url: str) -> AsyncGenerator[Gate]:
    """Put a gate before the server that `url` names."""
    parts = urlsplit(url)
    gate = Gate(parts.hostname or "127.0.0.1", parts.port or 80)
    server = await asyncio.start_server(gate.handle, "127.0.0.1", 0)
    gate.own_port = server.sockets[0].getsockname()[1]
    try:
        yield gate
    finally:
        server.close()
        gate.shut()
        await server.wait_closed()
