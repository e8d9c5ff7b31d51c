"""Events of video-service."""

import msgspec

from reel_contracts.events import VideoDeleted
from reel_messaging.sqs import Ack, Dead, Handler, Outcome, SqsMessage
from reel_observability.context import unit_of_work
from upload_service.ports import Deps
from upload_service.usecases.forget_video import forget_video


def video_events(deps: Deps) -> Handler:
    """Build the handler of the upload-events queue: `VideoDeleted.v1`."""

    async def handle(message: SqsMessage) -> Outcome:
        try:
            event = msgspec.json.decode(message.body, type=VideoDeleted)
        except msgspec.DecodeError as error:
            return Dead(f"No VideoDeleted.v1: {error}")
        with unit_of_work("video_deleted", video_id=str(event.video_id)):
            await forget_video(message.id, event.video_id, deps)
        return Ack()

    return handle
