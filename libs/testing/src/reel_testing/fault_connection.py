"""One connection through a fault proxy: two directions, and what is done to them."""

import asyncio
import socket
import struct
from asyncio import StreamReader, StreamWriter
from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Protocol

from reel_testing.faults import Fault, Line, Script

CHUNK: Final = 64 * 1024
HEAD_LIMIT: Final = 256 * 1024
LINGER_S: Final = 5.0
HEAD_END: Final = b"\r\n\r\n"
INTERIM: Final = b"HTTP/1.1 100"
AT_ONCE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER of zero: closing sends RST instead of FIN."""
SLOW_DOWN: Final = (
    b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"
)
BUSY: Final = (
    b"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(SLOW_DOWN), SLOW_DOWN)
)

Ends = tuple[StreamReader, StreamWriter]


@dataclass
class Heard:
    """Status codes of answers that passed, and how the answers of 500 and more began."""

    statuses: Counter[int] = field(default_factory=Counter[int])
    errors: list[bytes] = field(default_factory=list[bytes])

    def note(self, answer: bytes) -> None:
        if answer.startswith(b"HTTP/1.1 "):
            status = int(answer[9:12])
            self.statuses[status] += 1
            if status >= 500:
                self.errors.append(answer[:2000])


class Proxy(Protocol):
    """What a connection asks of its proxy."""

    script: Script
    line: Line
    is_http: bool
    hits: Counter[Fault]
    heard: Heard
    passed: int

    async def pause(self) -> None: ...


class Connection:
    """Runs until either side is gone."""

    def __init__(self, proxy: Proxy, client: Ends, server: Ends) -> None:
        self._proxy = proxy
        self._from_client, self._to_client = client
        self._from_server, self._to_server = server
        self._silent = False
        self._slow = False
        self._loses_answer = False
        self._awaits_answer = False

    async def run(self) -> None:
        """Move bytes both ways; whoever goes first takes the other along."""
        try:
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(self._ask())
                answering = group.create_task(self._answer())
                await asyncio.wait({asking, answering}, return_when=asyncio.FIRST_COMPLETED)
                if answering.done():
                    asking.cancel()
                else:
                    answering.cancel()
        finally:
            self._to_client.close()
            self._to_server.close()

    def fall_silent(self) -> None:
        """From now on nothing passes, and nobody is told."""
        if not self._silent:
            self._silent = True
            self._proxy.hits[Fault.SILENT] += 1

    def reset(self) -> None:
        """Break both sides with RST."""
        for writer in (self._to_client, self._to_server):
            connected: socket.socket | None = writer.get_extra_info("socket")
            if connected is not None and connected.fileno() >= 0:
                connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            writer.transport.abort()

    async def _ask(self) -> None:
        try:
            while request := await self._next_request():
                if not await self._pass_on(*request):
                    return
        except (OSError, asyncio.IncompleteReadError):
            return  # the client hung up, or its connection was reset: that is what this is for

    async def _next_request(self) -> tuple[bytes, int] | None:
        """Return what is to be sent first of a request, and how many bytes follow."""
        if self._proxy.is_http:
            head = await self._from_client.readuntil(HEAD_END)
            return head, _content_length(head)
        chunk = await self._from_client.read(CHUNK)
        return (chunk, 0) if chunk else None

    async def _pass_on(self, first: bytes, length: int) -> bool:
        """Do with a request what the script says; False when that ends the connection."""
        fault = None if self._silent else self._proxy.script.next()
        self._slow = fault is Fault.SLOW
        self._loses_answer = fault is Fault.LOST
        if self._slow:
            self._proxy.hits[Fault.SLOW] += 1
        match fault:
            case Fault.BUSY:
                await self._refuse(length)
                return False
            case Fault.CUT:
                await self._cut(first, length)
                return False
            case Fault.SILENT:
                self.fall_silent()
            case _:
                pass
        self._awaits_answer = True
        await self._send(self._to_server, first)
        await self._relay(length)
        return True

    async def _relay(self, length: int) -> None:
        while length:
            chunk = await self._from_client.read(min(CHUNK, length))
            if not chunk:
                raise ConnectionResetError
            length -= len(chunk)
            await self._send(self._to_server, chunk)

    async def _cut(self, first: bytes, length: int) -> None:
        if length:
            await self._send(self._to_server, first)
            await self._relay(length // 2)
        self._proxy.hits[Fault.CUT] += 1
        self.reset()

    async def _refuse(self, length: int) -> None:
        """Answer 503, and read on, or the client would see a reset instead of the answer."""
        self._proxy.hits[Fault.BUSY] += 1
        self._to_client.write(BUSY)
        await self._to_client.drain()
        try:
            async with asyncio.timeout(LINGER_S):
                while length and (chunk := await self._from_client.read(CHUNK)):
                    length -= len(chunk)
        except TimeoutError:
            return  # it waits for leave to send its body, and has its answer

    async def _answer(self) -> None:
        try:
            while chunk := await self._from_server.read(CHUNK):
                if self._awaits_answer and not chunk.startswith(INTERIM):
                    self._awaits_answer = False
                    if await self._is_lost(chunk):
                        return
                await self._send(self._to_client, chunk)
        except OSError:
            return  # likewise
        if self._silent:
            await asyncio.Event().wait()  # nobody is told that the server is gone, either

    async def _is_lost(self, chunk: bytes) -> bool:
        """Look at how an answer begins, and let the client see half of it if it is to be lost."""
        if self._loses_answer:
            await self._send(self._to_client, chunk[: len(chunk) // 2])
            self._proxy.hits[Fault.LOST] += 1
            self.reset()
            return True
        if self._slow:
            await asyncio.sleep(self._proxy.line.slow_wait_s)
        if self._proxy.is_http and not self._silent:
            self._proxy.heard.note(chunk)
        return False

    async def _send(self, writer: StreamWriter, chunk: bytes) -> None:
        await self._proxy.pause()
        if self._silent:
            return
        if self._slow:
            await asyncio.sleep(len(chunk) / self._proxy.line.slow_bytes_per_s)
        self._proxy.passed += 1
        writer.write(chunk)
        await writer.drain()


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
