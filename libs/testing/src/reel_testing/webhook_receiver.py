"""Takes the place of video-service for a worker in a process of its own."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import h11
import msgspec

from reel_contracts.webhooks import TranscodeOutcome, TranscodeWebhook

READ_BYTES: Final = 65_536
RESULTS: Final = b"/api/webhooks/transcoding"


@dataclass
class WebhookReceiver:
    """`heard` is webhook-id → result: as video-service does, it drops what it has seen."""

    url: str = ""
    heard: dict[str, TranscodeWebhook] = field(default_factory=dict[str, TranscodeWebhook])

    def ready(self) -> list[TranscodeWebhook]:
        """Return the different results that say READY."""
        return [one for one in self.heard.values() if one.status is TranscodeOutcome.READY]

    async def handle(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer one request with 204."""
        connection = h11.Connection(h11.SERVER)
        request, body = None, b""
        try:
            while not isinstance(event := connection.next_event(), h11.EndOfMessage):
                if event is h11.NEED_DATA:
                    connection.receive_data(await reader.read(READ_BYTES))
                elif isinstance(event, h11.Request):
                    request = event
                elif isinstance(event, h11.Data):
                    body += event.data
                else:
                    return  # the sender was killed
            if request is not None:
                self._take(request, body)
            head = h11.Response(status_code=204, headers=[(b"connection", b"close")])
            writer.write(
                (connection.send(head) or b"") + (connection.send(h11.EndOfMessage()) or b"")
            )
            await writer.drain()
        except (OSError, h11.RemoteProtocolError):
            return  # likewise
        finally:
            writer.close()

    def _take(self, request: h11.Request, body: bytes) -> None:
        if request.target == RESULTS:
            message_id = dict(request.headers)[b"webhook-id"].decode()
            self.heard[message_id] = msgspec.json.decode(body, type=TranscodeWebhook)


@asynccontextmanager
async def webhook_receiver() -> AsyncGenerator[WebhookReceiver]:
    """Listen on a free port during the block."""
    receiver = WebhookReceiver()
    server = await asyncio.start_server(receiver.handle, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield receiver
