"""A store that takes connections and says nothing holds nobody up for ever."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from reel_storage.client import S3Settings, s3_client
from reel_storage.errors import StoreUnavailable
from reel_storage.objects import S3Objects
from reel_testing.waiting import until

FILM = b"film" * 1000
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def store(answer: Answer, *, put_within_s: float = 20) -> AsyncGenerator[S3Objects]:
    connections = set[asyncio.StreamWriter]()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(writer)
        try:
            await answer(reader, writer)
        finally:
            writer.close()
            await writer.wait_closed()
            connections.remove(writer)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        url, key = f"http://127.0.0.1:{port}", "anything"
        settings = S3Settings(endpoint_url=url, access_key_id=key, secret_access_key=key)
        async with s3_client(settings) as client:
            yield S3Objects(client, "bucket", put_within_s=put_within_s)
        await until(lambda: not connections)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film"
    path.write_bytes(FILM)
    return path


async def test_a_file_is_sent_without_waiting_for_leave(film: Path) -> None:
    heads: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        await reader.readexactly(len(FILM))
        writer.write(b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 0\r\n\r\n')
        await writer.drain()

    async with store(take) as objects, asyncio.timeout(10):
        await objects.put_file("a", film, "video/mp4", "no-store")

    [head] = heads
    assert head.startswith(b"PUT /bucket/a ")
    assert b"expect:" not in head.lower()


async def test_a_store_that_never_answers_is_given_up(film: Path) -> None:
    async def ignore(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with store(ignore, put_within_s=0.3) as objects, asyncio.timeout(10):
        with pytest.raises(StoreUnavailable):
            await objects.put_file("a", film, "video/mp4", "no-store")
        with pytest.raises(StoreUnavailable):
            await objects.put_bytes("b", FILM, "video/mp4", "no-store")
