"""A server that tells what it was asked."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import h11

READ_BYTES: Final = 65_536


@asynccontextmanager
async def echo_server(name: str) -> AsyncGenerator[str]:
    """Answer every request with `{"service", "target", "bytes"}`; gives the base URL.

    The request's X-Request-Id comes back as X-Echoed-Request-Id. One request a connection.
    """
    server = await asyncio.start_server(partial(_serve, name), "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _serve(name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = h11.Connection(h11.SERVER)
    request, length = None, 0
    try:
        while (event := connection.next_event()) is not h11.PAUSED:
            if event is h11.NEED_DATA:
                connection.receive_data(await reader.read(READ_BYTES))
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                length += len(event.data)
            elif isinstance(event, h11.EndOfMessage) and request is not None:
                writer.write(_answer(connection, name, request, length))
                await writer.drain()
                return
            elif isinstance(event, h11.ConnectionClosed):
                return
    finally:
        writer.close()


def _answer(connection: h11.Connection, name: str, request: h11.Request, length: int) -> bytes:
    told = {"service": name, "target": request.target.decode(), "bytes": length}
    body = json.dumps(told).encode()
    request_id = dict(request.headers).get(b"x-request-id", b"")
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        (b"x-echoed-request-id", request_id),
    ]
    events = (h11.Response(status_code=200, headers=headers), h11.Data(body), h11.EndOfMessage())
    return b"".join(connection.send(event) or b"" for event in events)
