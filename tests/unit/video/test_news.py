"""What a webhook of each status must carry."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from reel_contracts.webhooks import TranscodeWebhook, UploadWebhook
from reel_kernel.errors import InvalidRequest
from video_service.api.news import transcode_news, upload_news
from video_service.domain.news import TranscodeSucceeded, UploadCompleted, UploadFailed

VIDEO, SESSION = str(uuid4()), str(uuid4())
COMPLETED = {
    "status": "COMPLETED",
    "sourceFileKey": f"videos/{VIDEO}/source.mp4",
    "sourceSizeBytes": 734_003_200,
    "sourceMime": "video/mp4",
}
READY = {
    "status": "READY",
    "durationSeconds": 62.5,
    "width": 1920,
    "height": 1080,
    "assets": [{"type": "HLS_MASTER", "fileKey": f"videos/{VIDEO}/hls/master.m3u8"}],
}


def upload(members: Mapping[str, object]) -> UploadWebhook:
    body = {"uploadSessionId": SESSION, "videoId": VIDEO, **members}
    return msgspec.convert(body, UploadWebhook)


def transcode(members: Mapping[str, object]) -> TranscodeWebhook:
    return msgspec.convert({"videoId": VIDEO, **members}, TranscodeWebhook)


def without(members: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in members.items() if key != name}


def test_the_spec_s_complete_upload_is_understood() -> None:
    news = upload_news(upload(COMPLETED))

    assert isinstance(news, UploadCompleted)
    assert news.source.size_bytes == 734_003_200


def test_a_cancelled_upload_has_its_reason() -> None:
    news = upload_news(upload({"status": "CANCELED"}))

    assert isinstance(news, UploadFailed)
    assert news.reason == "UPLOAD_CANCELED"


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"status": "INITIATED"}, "ownerId"),
        (without(COMPLETED, "sourceFileKey"), "sourceFileKey"),
        (without(COMPLETED, "sourceSizeBytes"), "sourceSizeBytes"),
        (without(COMPLETED, "sourceMime"), "sourceMime"),
        ({**COMPLETED, "sourceFileKey": f"videos/{uuid4()}/source.mp4"}, "sourceFileKey"),
        ({**COMPLETED, "sourceFileKey": f"videos/{VIDEO}/source.mov"}, "sourceFileKey"),
        ({**COMPLETED, "sourceMime": "video/webm"}, "sourceMime"),
        ({**COMPLETED, "sourceSizeBytes": 1_610_612_737}, "sourceSizeBytes"),
        ({"status": "FAILED"}, "failReason"),
        ({"status": "FAILED", "failReason": "the disk was full"}, "failReason"),
    ],
)
def test_an_upload_webhook_with_a_fault_is_refused(
    members: Mapping[str, object], field: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        upload_news(upload(members))

    assert [error.field for error in caught.value.errors] == [field]


def test_the_spec_s_finished_transcode_is_understood() -> None:
    news = transcode_news(transcode(READY), uuid4)

    assert isinstance(news, TranscodeSucceeded)
    assert (news.film.duration_s, len(news.film.assets)) == (62.5, 1)


@pytest.mark.parametrize(
    ("members", "field"),
    [
        (without(READY, "durationSeconds"), "durationSeconds"),
        (without(READY, "width"), "width"),
        (without(READY, "height"), "height"),
        (without(READY, "assets"), "assets"),
        ({**READY, "assets": []}, "assets"),
        ({"status": "FAILED"}, "failReason"),
        ({"status": "FAILED", "failReason": ""}, "failReason"),
    ],
)
def test_a_transcode_webhook_with_a_fault_is_refused(
    members: Mapping[str, object], field: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        transcode_news(transcode(members), uuid4)

    assert [error.field for error in caught.value.errors] == [field]
