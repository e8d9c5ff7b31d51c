"""Server-sent events of a video (WHATWG HTML, section 9.2.6), as far as Reel sends them."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass

import msgspec

from reel_client.errors import UnexpectedAnswer
from reel_contracts.videos import VideoView


@dataclass(frozen=True, slots=True)
class VideoEvent:
    """The video at one moment; `id` takes up the stream behind it."""

    id: str
    view: VideoView


async def video_events(lines: AsyncIterator[str]) -> AsyncGenerator[VideoEvent]:
    """Read events from the lines of a stream; comments and other fields are passed over.

    Raises:
        UnexpectedAnswer: the data is no video.
    """
    event_id, data = "", list[str]()
    async for line in lines:
        if not line and data:
            yield VideoEvent(event_id, _view("\n".join(data)))
            data.clear()
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data.append(value)
        elif name == "id":
            event_id = value


def _view(data: str) -> VideoView:
    try:
        return msgspec.json.decode(data, type=VideoView)
    except msgspec.MsgspecError as error:
        raise UnexpectedAnswer(f"An event is no video: {error}") from error
