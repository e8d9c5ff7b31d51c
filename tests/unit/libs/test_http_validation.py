import pytest

from reel_contracts.uploads import CompletedPart, CompleteUpload, CreateUpload
from reel_contracts.webhooks import UploadWebhook
from reel_http.validation import MalformedJson, decode_body
from reel_kernel.errors import InvalidRequest


def faults(body: bytes, type_: type) -> set[tuple[str, str]]:
    with pytest.raises(InvalidRequest) as caught:
        decode_body(body, type_)
    return {(error.field, error.code) for error in caught.value.errors}


def test_a_good_body_becomes_its_type() -> None:
    body = b'{"parts": [{"partNumber": 1, "etag": "x"}]}'

    decoded = decode_body(body, CompleteUpload)

    assert decoded == CompleteUpload(parts=[CompletedPart(part_number=1, etag="x")])


def test_every_field_at_fault_is_named() -> None:
    body = b'{"sourceSizeBytes": "734", "sourceMimee": "video/mp4"}'

    assert faults(body, CreateUpload) == {
        ("sourceSizeBytes", "invalid"),
        ("sourceMime", "missing"),
        ("sourceMimee", "unknown"),
    }


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        (b'{"partNumber": "1", "etag": "x"}', ("parts[0].partNumber", "invalid")),
        (b'{"partNumber": 1}', ("parts[0].etag", "missing")),
        (b'{"partNumber": 1, "etag": "x", "size": 5}', ("parts[0].size", "unknown")),
        (b'{"partNumber": 0, "etag": "x"}', ("parts[0].partNumber", "invalid")),
    ],
)
def test_a_fault_inside_a_list_has_its_path(part: bytes, fault: tuple[str, str]) -> None:
    assert faults(b'{"parts": [' + part + b"]}", CompleteUpload) == {fault}


def test_a_peer_may_send_fields_we_do_not_know_yet() -> None:
    body = (
        b'{"uploadSessionId": "0b8f6ee0-6f5d-4a5e-8d4f-0f6f5b1c2a3d", "status": "CANCELED",'
        b' "videoId": "0b8f6ee0-6f5d-4a5e-8d4f-0f6f5b1c2a3d", "since": 1}'
    )

    assert decode_body(body, UploadWebhook).status == "CANCELED"


def test_json_of_another_kind_is_a_fault_of_the_whole_body() -> None:
    assert faults(b"[]", CreateUpload) == {("", "invalid")}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"{]", b"nul", b'{"a": "\xff"}', b"[" * 100_000, b'{"a":' * 100_000]
)
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedJson):
        decode_body(body, CreateUpload)
