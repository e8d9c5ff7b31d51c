"""Queue `reel-transcode-events`: VideoDeleted.v1 and TranscodeCanceled.v1."""

from collections.abc import Callable

import msgspec
import structlog

from reel_contracts.events import TranscodeCanceled, VideoDeleted
from reel_messaging.sqs import Ack, Dead, Handler, Outcome, SqsMessage
from reel_observability.context import unit_of_work
from transcode_service.ports.jobs import Begin
from transcode_service.usecases.cancel_job import cancel_job
from transcode_service.usecases.delete_video import delete_video

log = structlog.stdlib.get_logger(__name__)


def video_deleted(begin: Begin, *, wake_sweeper: Callable[[], None]) -> Handler:
    """Return the handler that cancels a deleted video's work and has its objects purged."""

    async def handle(message: SqsMessage) -> Outcome:
        try:
            event = msgspec.json.decode(message.body, type=VideoDeleted | TranscodeCanceled)
        except msgspec.DecodeError as error:
            return Dead(f"neither a VideoDeleted.v1 nor a TranscodeCanceled.v1: {error}")
        if isinstance(event, TranscodeCanceled):
            await _cancel(event, message.id, begin)
            wake_sweeper()
            return Ack()
        with unit_of_work("video_deleted", video_id=str(event.video_id)):
            if await delete_video(event, message_id=message.id, begin=begin):
                log.info("video_deleted")
            wake_sweeper()
        return Ack()

    return handle


async def _cancel(event: TranscodeCanceled, message_id: str, begin: Begin) -> None:
    job_id, video_id = str(event.request.job_id), str(event.request.video_id)
    with unit_of_work("transcode_canceled", job_id=job_id, video_id=video_id):
        if await cancel_job(event, message_id=message_id, begin=begin):
            log.info("transcode_canceled")
