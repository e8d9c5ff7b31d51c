"""HTTP/1.1 byte by byte: request targets that a well-behaved client would clean up first."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import h11

TIMEOUT_S: Final = 15.0
READ_BYTES: Final = 65_536


@dataclass(frozen=True)
class RawAnswer:
    """Status, headers by lower-case name, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def send_raw(
    port: int, method: str, target: str, headers: Mapping[str, str], body: bytes = b""
) -> RawAnswer:
    """Send one request to 127.0.0.1 with the target exactly as given."""
    framing = {"Host": f"127.0.0.1:{port}", "Connection": "close"}
    framing |= {"Content-Length": str(len(body))} if body else {}
    lines = [f"{name}: {value}" for name, value in {**framing, **headers}.items()]
    head = "\r\n".join([f"{method} {target} HTTP/1.1", *lines, "", ""])
    async with asyncio.timeout(TIMEOUT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(head.encode("latin-1") + body)
            return await _answer(reader, method)
        finally:
            writer.close()


async def _answer(reader: asyncio.StreamReader, method: str) -> RawAnswer:
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "x")]))
    connection.send(h11.EndOfMessage())
    response, body = None, b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(READ_BYTES))
        elif isinstance(event, h11.Response):
            response = event
        elif isinstance(event, h11.Data):
            body += event.data
        else:
            break
    if response is None:
        raise ConnectionError("the connection ended without an answer")
    decoded = {name.decode(): value.decode() for name, value in response.headers}
    return RawAnswer(response.status_code, decoded, body)
