"""The proxy of the fault test: a fault that it does not do would prove nothing."""

import asyncio
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from reel_testing.fault_proxy import FaultProxy, fault_proxy
from reel_testing.faults import Fault, Line, Script

BODY = bytes(range(256)) * 1024
ANSWER = b"x" * 100


@dataclass
class EchoServer:
    """Answers every request; `bodies` are those that came whole, `broken` counts the others."""

    port: int = 0
    bodies: list[bytes] = field(default_factory=list[bytes])
    broken: int = 0

    async def handle(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length: ")[2].split()[0] or 0)
                await self._answer(reader, writer, length)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    async def _answer(self, reader: StreamReader, writer: StreamWriter, length: int) -> None:
        try:
            self.bodies.append(await reader.readexactly(length))
        except (OSError, asyncio.IncompleteReadError):
            self.broken += 1
            raise
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(ANSWER) + ANSWER)
        await writer.drain()


@pytest.fixture
async def echo() -> AsyncGenerator[EchoServer]:
    server = EchoServer()
    async with await asyncio.start_server(server.handle, "127.0.0.1", 0) as listening:
        server.port = listening.sockets[0].getsockname()[1]
        yield server


Proxied = Callable[..., AbstractAsyncContextManager[tuple[FaultProxy, httpx.AsyncClient]]]


@pytest.fixture
def proxied(echo: EchoServer) -> Proxied:
    @asynccontextmanager
    async def opened(
        *faults: Fault, line: Line | None = None, spacing: tuple[int, int] = (0, 0)
    ) -> AsyncGenerator[tuple[FaultProxy, httpx.AsyncClient]]:
        script = Script(1, dict.fromkeys(faults, 1), spacing=spacing)
        async with (
            fault_proxy(echo.port, script, line=line or Line()) as proxy,
            httpx.AsyncClient(base_url=proxy.url, timeout=2, trust_env=False) as client,
        ):
            yield proxy, client

    return opened


async def test_without_faults_every_byte_passes(echo: EchoServer, proxied: Proxied) -> None:
    async with proxied() as (proxy, client):
        answers = [await client.put("/", content=BODY) for _ in range(3)]

    assert [answer.content for answer in answers] == [ANSWER] * 3
    assert echo.bodies == [BODY] * 3
    assert (proxy.hits, proxy.delayed, proxy.heard.statuses) == ({}, 0, {200: 3})


async def test_a_cut_breaks_the_body_half_way(echo: EchoServer, proxied: Proxied) -> None:
    async with proxied(Fault.CUT) as (proxy, client):
        with pytest.raises(httpx.NetworkError):
            await client.put("/", content=BODY)
        after = await client.put("/", content=BODY)

    assert (after.status_code, echo.bodies) == (200, [BODY])
    assert echo.broken == 1
    assert proxy.hits == {Fault.CUT: 1}


async def test_a_lost_answer_is_of_a_request_that_had_its_effect(
    echo: EchoServer, proxied: Proxied
) -> None:
    async with proxied(Fault.LOST) as (proxy, client):
        with pytest.raises((httpx.NetworkError, httpx.RemoteProtocolError)):
            await client.put("/", content=BODY)

    assert echo.bodies == [BODY]
    assert proxy.hits == {Fault.LOST: 1}


async def test_a_silent_connection_stays_open_and_says_nothing(
    echo: EchoServer, proxied: Proxied
) -> None:
    async with proxied(Fault.SILENT) as (proxy, client):
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/", timeout=0.3, headers={"content-length": "0"})
        after = await client.put("/", content=BODY)

    assert (after.status_code, echo.bodies) == (200, [BODY])
    assert proxy.hits == {Fault.SILENT: 1}


async def test_a_busy_store_says_so_and_does_nothing(echo: EchoServer, proxied: Proxied) -> None:
    async with proxied(Fault.BUSY) as (proxy, client):
        answer = await client.put("/", content=BODY)

    assert (answer.status_code, "<Code>SlowDown</Code>" in answer.text) == (503, True)
    assert echo.bodies == []
    assert proxy.hits == {Fault.BUSY: 1}


async def test_a_slow_answer_is_long_in_coming(echo: EchoServer, proxied: Proxied) -> None:
    line = Line(slow_wait_s=0.2, slow_bytes_per_s=len(BODY) * 5)
    async with proxied(Fault.SLOW, line=line) as (proxy, client):
        began = time.monotonic()
        answer = await client.put("/", content=BODY)
        took_s = time.monotonic() - began

    assert (answer.content, echo.bodies) == (ANSWER, [BODY])
    assert took_s >= 0.4
    assert proxy.hits == {Fault.SLOW: 1}


async def test_latency_is_added_to_every_chunk(proxied: Proxied) -> None:
    async with proxied(line=Line(latency_s=0.05, jitter_s=0.01)) as (proxy, client):
        began = time.monotonic()
        await client.put("/", content=b"")
        took_s = time.monotonic() - began

    assert took_s >= 0.1
    assert proxy.delayed >= 2


async def test_a_partition_silences_connections_that_are_idle(
    echo: EchoServer, proxied: Proxied
) -> None:
    async with proxied() as (proxy, client):
        await client.put("/", content=BODY)
        silenced = proxy.partition()
        with pytest.raises(httpx.ReadTimeout):
            await client.put("/", content=b"", timeout=0.3)

    assert silenced == 1
    assert echo.bodies == [BODY]
    assert proxy.hits == {Fault.SILENT: 1}


async def test_other_protocols_are_cut_and_lost_by_chunks(echo: EchoServer) -> None:
    request = b"PUT / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
    script = Script(3, {Fault.LOST: 1, Fault.CUT: 1})
    async with fault_proxy(echo.port, script, is_http=False) as proxy:
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            writer.write(request)
            with pytest.raises(ConnectionResetError):
                await reader.read()
            writer.close()

    assert echo.bodies == [b""]
    assert proxy.hits == {Fault.LOST: 1, Fault.CUT: 1}


async def test_a_server_that_is_away_is_seen_to_be_away() -> None:
    async with (
        fault_proxy(1) as proxy,
        httpx.AsyncClient(base_url=proxy.url, trust_env=False) as client,
    ):
        with pytest.raises(httpx.TransportError):
            await client.get("/")


def test_a_script_is_the_same_for_the_same_seed_and_ends() -> None:
    def drawn(seed: int) -> list[Fault | None]:
        script = Script(seed, {Fault.CUT: 5, Fault.SLOW: 5}, spacing=(1, 4))
        met = [script.next() for _ in range(60)]
        assert script.is_over
        return met

    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)
    assert sum(fault is not None for fault in drawn(7)) == 10
