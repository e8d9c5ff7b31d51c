"""The bodies printed in the product specification are bodies of this API."""

from typing import Any

import jsonschema
import msgspec
import pytest
from jsonschema import Draft202012Validator

from reel_contract_tools.schemas import schema_of
from reel_contracts.problems import Problem
from reel_contracts.uploads import (
    CompleteUpload,
    CreatedUpload,
    CreateUpload,
    PartUrl,
    RequestPartUrls,
    UploadState,
    UploadView,
)
from reel_contracts.videos import (
    CreatedVideo,
    CreateVideo,
    UpdatedVideo,
    UpdateVideo,
    VideoPage,
    VideoView,
)
from reel_contracts.webhooks import TranscodeWebhook, UploadWebhook

Body = dict[str, Any]

# The specification writes `video_uuid` and the like where an id stands.
VIDEO = "6f2d3b0c-53a6-4f0e-9a2f-0d4a6c1c7a11"
OWNER = "0b7c9a52-0d7e-4c61-8f6b-2f4f5f3f9e22"
UPLOAD = "c2a4f3de-93b8-4b35-8a51-6a8f7d1f0b33"
TITLE = "Property Tour - 12 Smith St"

# Spec 2.1 and 2.2: what a client sends, and what services send each other (2.3).
SENT: list[tuple[type[msgspec.Struct], Body]] = [
    (
        CreateVideo,
        {
            "title": TITLE,
            "description": "Short tour",
            "sourceMime": "video/mp4",
            "sourceSizeBytes": 734003200,
        },
    ),
    (UpdateVideo, {"title": "Updated title", "description": "Updated description"}),
    (CreateUpload, {"sourceMime": "video/mp4", "sourceSizeBytes": 734003200}),
    (RequestPartUrls, {"partNumber": 3}),
    (
        CompleteUpload,
        {
            "parts": [
                {"partNumber": 1, "etag": "etag-1"},
                {"partNumber": 2, "etag": "etag-2"},
            ]
        },
    ),
    (
        UploadWebhook,
        {
            "uploadSessionId": UPLOAD,
            "videoId": VIDEO,
            "status": "COMPLETED",
            "sourceFileKey": f"videos/{VIDEO}/source.mp4",
            "sourceSizeBytes": 734003200,
            "sourceMime": "video/mp4",
        },
    ),
    (
        TranscodeWebhook,
        {
            "videoId": VIDEO,
            "status": "READY",
            "durationSeconds": 62.5,
            "width": 1920,
            "height": 1080,
            "assets": [
                {"type": "HLS_MASTER", "fileKey": f"videos/{VIDEO}/hls/master.m3u8"},
                {
                    "type": "HLS_RENDITION",
                    "quality": "1080p",
                    "bandwidth": 5000000,
                    "fileKey": f"videos/{VIDEO}/hls/1080p/playlist.m3u8",
                },
            ],
        },
    ),
    (TranscodeWebhook, {"videoId": VIDEO, "status": "FAILED", "failReason": "TRANSCODE_ERROR"}),
]

VIEW: Body = {
    "id": VIDEO,
    "ownerId": OWNER,
    "title": TITLE,
    "description": "Short tour",
    "status": "TRANSCODING",
    "failReason": None,
    "playback": {"ready": False, "streamUrl": None},
    "createdAt": "2026-01-22T03:00:00Z",
    "updatedAt": "2026-01-22T03:05:00Z",
}
STREAM = f"https://cdn.example.com/videos/{VIDEO}/hls/master.m3u8"
CURSOR = "eyJjcmVhdGVkQXQiOiIyMDI2LTAxLTIyVDAyOjQwOjAwWiIsImlkIjoidmlkZW9fdXVpZF8yIn0="  # opaque
UNKNOWN_YET: Body = {
    "posterUrl": None,
    "storyboardUrl": None,
    "durationSeconds": None,
    "width": None,
    "height": None,
    "progress": None,
}

# What we answer. The third member is what our answers hold beyond the printed example.
ANSWERED: list[tuple[type[msgspec.Struct], Body, Body]] = [
    (
        CreatedVideo,
        {
            "id": VIDEO,
            "ownerId": OWNER,
            "title": TITLE,
            "description": "Short tour",
            "source": {"mime": "video/mp4", "sizeBytes": 734003200},
            "status": "DRAFT",
            "createdAt": "2026-01-22T03:00:00Z",
            "updatedAt": "2026-01-22T03:00:00Z",
        },
        {},
    ),
    (VideoView, VIEW, UNKNOWN_YET),
    (
        VideoView,
        {**VIEW, "status": "READY", "playback": {"ready": True, "streamUrl": STREAM}},
        UNKNOWN_YET,
    ),
    (
        VideoPage,
        {
            "items": [
                {
                    "id": VIDEO,
                    "title": TITLE,
                    "description": "Short tour",
                    "status": "READY",
                    "createdAt": "2026-01-22T03:00:00Z",
                    "updatedAt": "2026-01-22T03:10:00Z",
                }
            ],
            "nextCursor": CURSOR,
        },
        {},
    ),
    (VideoPage, {"items": [], "nextCursor": None}, {}),
    (
        UpdatedVideo,
        {
            "id": VIDEO,
            "title": "Updated title",
            "description": "Updated description",
            "status": "READY",
            "updatedAt": "2026-01-22T03:10:00Z",
        },
        {},
    ),
    (
        CreatedUpload,
        {"uploadSessionId": UPLOAD, "partSizeBytes": 5242880, "status": "INITIATED"},
        {},
    ),
    (
        UploadView,
        {
            "uploadSessionId": UPLOAD,
            "status": "IN_PROGRESS",
            "bytesUploaded": 15728640,
            "partSizeBytes": 5242880,
        },
        {"videoId": VIDEO, "sourceSizeBytes": 734003200, "uploadedParts": []},
    ),
    (
        PartUrl,
        {
            "partNumber": 3,
            "uploadUrl": "https://s3.example.com/...",
            "expiresAt": "2026-01-22T03:10:00Z",
        },
        {},
    ),
    (UploadState, {"uploadSessionId": UPLOAD, "status": "COMPLETED"}, {}),
    (UploadState, {"uploadSessionId": UPLOAD, "status": "PAUSED"}, {}),
    (UploadState, {"uploadSessionId": UPLOAD, "status": "IN_PROGRESS"}, {}),
    (UploadState, {"uploadSessionId": UPLOAD, "status": "CANCELED"}, {}),
]


def validate(struct: type[msgspec.Struct], body: Body) -> None:
    checker = Draft202012Validator.FORMAT_CHECKER
    jsonschema.validate(body, schema_of(struct), cls=Draft202012Validator, format_checker=checker)


@pytest.mark.parametrize(("struct", "body"), SENT)
def test_a_body_of_the_spec_is_accepted(struct: type[msgspec.Struct], body: Body) -> None:
    decoded = msgspec.json.decode(msgspec.json.encode(body), type=struct)

    sent_back = msgspec.json.decode(msgspec.json.encode(decoded))
    validate(struct, body)
    assert {name: sent_back[name] for name in body if name != "assets"} == {
        name: value for name, value in body.items() if name != "assets"
    }


@pytest.mark.parametrize(("struct", "example", "beyond"), ANSWERED)
def test_an_answer_of_the_spec_is_what_we_answer(
    struct: type[msgspec.Struct], example: Body, beyond: Body
) -> None:
    answer = msgspec.json.decode(msgspec.json.encode({**example, **beyond}), type=struct)

    body = msgspec.json.decode(msgspec.json.encode(answer))
    validate(struct, body)
    # Equal, so nothing is missing (the nulls of the spec included) and nothing is renamed.
    assert body == {**example, **beyond}


def test_the_assets_of_the_spec_keep_their_members() -> None:
    _, example = SENT[6]

    webhook = msgspec.convert(example, TranscodeWebhook)

    master, rendition = webhook.assets
    assert (master.type, master.quality, master.bandwidth) == ("HLS_MASTER", None, None)
    assert (rendition.quality, rendition.bandwidth) == ("1080p", 5_000_000)


def test_a_null_description_clears_and_an_absent_one_does_not() -> None:
    cleared = msgspec.json.decode(b'{"description": null}', type=UpdateVideo)
    untouched = msgspec.json.decode(b"{}", type=UpdateVideo)

    assert cleared.description is None
    assert untouched.description is msgspec.UNSET


@pytest.mark.parametrize(
    ("struct", "body"), [(s, b) for s, b in SENT if s not in (UploadWebhook, TranscodeWebhook)]
)
def test_a_client_may_not_send_a_member_we_do_not_know(
    struct: type[msgspec.Struct], body: Body
) -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert({**body, "sourceMimeType": "video/mp4"}, struct)


@pytest.mark.parametrize("struct", [UploadWebhook, TranscodeWebhook])
def test_a_service_may_be_sent_a_member_it_does_not_know_yet(
    struct: type[msgspec.Struct],
) -> None:
    body = next(body for sent, body in SENT if sent is struct)

    assert msgspec.convert({**body, "addedLater": 1}, struct)


def test_a_problem_leaves_out_what_it_does_not_know() -> None:
    problem = Problem(
        type="/problems/not-found", title="Not found", status=404, detail="No.", code="not-found"
    )

    body = msgspec.json.decode(msgspec.json.encode(problem))

    validate(Problem, body)
    assert body.keys() == {"type", "title", "status", "detail", "code"}
