"""An object store that serves one object by range, and breaks as it is told."""

import asyncio
import re
from asyncio import StreamReader, StreamWriter
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from reel_storage.client import S3Settings

UNCHECKED: Final = "any"
_RANGE: Final = re.compile(r"range: bytes=(\d+)-(\d+)", re.IGNORECASE)
_IF_MATCH: Final = re.compile(r'if-match: "?([^"\r]*)"?', re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How one GET is answered: by default, rightly.

    `code` makes it an error, with `status`; `cut_after` breaks the connection after
    so many bytes of the body; `short_by` ends the body in good order, but early; `whole` ignores
    the range.
    """

    status: int = 503
    code: str = ""
    cut_after: int | None = None
    short_by: int = 0
    whole: bool = False


@dataclass
class BrokenStore:
    """`script` holds the answers to come; then all is well. `starts`: first byte of each GET."""

    body: bytes
    etag: str = "e1"
    script: deque[Answer] = field(default_factory=deque[Answer])
    starts: list[int] = field(default_factory=list[int])
    sent_bytes: int = 0
    settings: S3Settings = field(default_factory=S3Settings)

    async def handle(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            await self._answer((await reader.readuntil(b"\r\n\r\n")).decode("latin-1"), writer)
            writer.close()
            await writer.wait_closed()
        except OSError:
            writer.transport.abort()  # the reader went away, as it may

    async def _answer(self, head: str, writer: StreamWriter) -> None:
        answer = self.script.popleft() if self.script else Answer()
        asked = _RANGE.search(head)
        first, last = (int(asked[1]), int(asked[2])) if asked else (0, len(self.body) - 1)
        self.starts.append(first)
        wanted = _IF_MATCH.search(head)
        if not answer.code and wanted and wanted[1] != self.etag:
            answer = Answer(status=412, code="PreconditionFailed")
        if answer.code:
            await _write_error(writer, answer)
        else:
            await self._write_range(writer, answer, first, min(last, len(self.body) - 1))

    async def _write_range(
        self, writer: StreamWriter, answer: Answer, first: int, last: int
    ) -> None:
        body = self.body if answer.whole else self.body[first : last + 1 - answer.short_by]
        span = "" if answer.whole else f"Content-Range: bytes {first}-{last}/{len(self.body)}\r\n"
        writer.write(
            f"HTTP/1.1 {200 if answer.whole else 206} OK\r\nConnection: close\r\n{span}"
            f'ETag: "{self.etag}"\r\nContent-Length: {len(body)}\r\n\r\n'.encode()
        )
        for offset in range(0, len(body[: answer.cut_after]), 65536):
            chunk = body[: answer.cut_after][offset : offset + 65536]
            writer.write(chunk)
            await writer.drain()
            self.sent_bytes += len(chunk)
        if answer.cut_after is not None:
            writer.close()


async def _write_error(writer: StreamWriter, answer: Answer) -> None:
    body = f"<Error><Code>{answer.code}</Code><Message>no</Message></Error>".encode()
    writer.write(
        f"HTTP/1.1 {answer.status} No\r\nConnection: close\r\nContent-Type: application/xml\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    await writer.drain()


@asynccontextmanager
async def broken_store(body: bytes, *answers: Answer) -> AsyncGenerator[BrokenStore]:
    """Serve `body` under every key, giving the scripted answers first."""
    store = BrokenStore(body, script=deque(answers))
    server = await asyncio.start_server(store.handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    store.settings = S3Settings(
        endpoint_url=f"http://127.0.0.1:{port}", access_key_id="k", secret_access_key=UNCHECKED
    )
    async with server:
        yield store
