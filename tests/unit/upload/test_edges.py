from datetime import UTC, datetime

import msgspec
import pytest

from reel_contracts.events import VideoDeleted
from reel_http.settings import SettingsError
from reel_messaging.sqs import Ack, Dead, SqsMessage
from reel_testing.upload.world import UploadWorld
from upload_service.consumers.video_events import video_events
from upload_service.domain.lifecycle import Status
from upload_service.settings import Settings

REQUIRED = {
    "UPLOAD_DATABASE_URL": "postgresql://upload_service@127.0.0.1/reel",
    "UPLOAD_JWT_PUBLIC_KEY": "a key",
    "UPLOAD_S3_BUCKET": "reel-media",
    "UPLOAD_EVENTS_QUEUE_URL": "http://127.0.0.1:4566/queue",
    "UPLOAD_VIDEO_SERVICE_URL": "http://127.0.0.1:8000",
    "UPLOAD_WEBHOOK_SECRET": "whsec_c2VjcmV0",
}


def message(body: bytes) -> SqsMessage:
    return SqsMessage(id="message-1", body=body, receive_count=1)


async def test_a_deleted_video_s_session_is_canceled(world: UploadWorld) -> None:
    session = world.add()
    event = VideoDeleted(
        video_id=session.video_id, owner_id=session.owner_id, deleted_at=datetime.now(UTC)
    )

    outcome = await video_events(world.deps())(message(msgspec.json.encode(event)))

    assert outcome == Ack()
    assert world.session(session.id).status is Status.CANCELED


@pytest.mark.parametrize(
    "body", [b"", b"no JSON", b'{"type": "VideoRenamed.v1"}', b'{"type": "VideoDeleted.v1"}']
)
async def test_a_message_that_makes_no_sense_goes_to_the_dead_letters(
    world: UploadWorld, body: bytes
) -> None:
    outcome = await video_events(world.deps())(message(body))

    assert isinstance(outcome, Dead)


def test_the_settings_have_defaults_for_all_but_the_addresses_and_secrets() -> None:
    settings = Settings.from_env(REQUIRED | {"VIDEO_JWT_PUBLIC_KEY": "another service's"})

    assert (settings.part_size_bytes, settings.part_url_ttl_s) == (5_242_880, 900)
    assert (settings.session_ttl_s, settings.sweep_interval_s) == (86_400, 60)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UPLOAD_PART_SIZE_BYTES", "5242879"),
        ("UPLOAD_WEBHOOK_SECRET", "plain"),
        ("UPLOAD_VIDEO_SERVICE_URL", "127.0.0.1"),
        ("UPLOAD_PART_SIZE", "5242880"),
        ("UPLOAD_DATABASE_URL", ""),
    ],
)
def test_a_wrong_or_unknown_variable_stops_the_start(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_env(REQUIRED | {name: value})
