"""Queue `reel-transcode-events`: VideoDeleted.v1."""

from collections.abc import Callable

import msgspec
import structlog

from reel_contracts.events import VideoDeleted
from reel_messaging.sqs import Ack, Dead, Handler, Outcome, SqsMessage
from reel_observability.context import unit_of_work
from transcode_service.ports.jobs import Begin
from transcode_service.usecases.delete_video import delete_video

log = structlog.stdlib.get_logger(__name__)


def video_deleted(begin: Begin, *, wake_sweeper: Callable[[], None]) -> Handler:
    """Return the handler that cancels a deleted video's work and has its objects purged."""

    async def handle(message: SqsMessage) -> Outcome:
        try:
            event = msgspec.json.decode(message.body, type=VideoDeleted)
        except msgspec.DecodeError as error:
            return Dead(f"not a VideoDeleted.v1: {error}")
        with unit_of_work("video_deleted", video_id=str(event.video_id)):
            if await delete_video(event, message_id=message.id, begin=begin):
                log.info("video_deleted")
            wake_sweeper()
        return Ack()

    return handle
