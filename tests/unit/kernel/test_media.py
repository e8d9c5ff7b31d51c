from uuid import UUID

import pytest

from reel_kernel.media import (
    MAX_SOURCE_BYTES,
    MIME_BY_EXTENSION,
    MIMES,
    Container,
    check_source,
    matches_declared,
    sniff_container,
    source_key,
)

FTYP_MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00"
FTYP_HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"
AVI = b"RIFF\x10\x00\x00\x00AVI LIST"
ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + b"\x00" * 8


@pytest.mark.parametrize("mime", MIMES)
def test_every_allowed_type_is_accepted_up_to_the_last_byte(mime: str) -> None:
    assert check_source(mime, MAX_SOURCE_BYTES) == ()


def test_the_limit_is_one_and_a_half_binary_gigabytes() -> None:
    assert MAX_SOURCE_BYTES == 3 * 1024**3 // 2


def test_every_broken_rule_is_named() -> None:
    errors = check_source("video/webm", MAX_SOURCE_BYTES + 1)

    assert [(error.field, error.code) for error in errors] == [
        ("sourceMime", "unsupported-format"),
        ("sourceSizeBytes", "too-large"),
    ]


def test_an_empty_source_is_refused() -> None:
    assert [error.code for error in check_source("video/mp4", 0)] == ["too-small"]


@pytest.mark.parametrize(
    ("head", "container"),
    [
        (FTYP_MP4, Container.ISO_BMFF),
        (b"\x00\x00\x00\x08wide\x00\x00\x10\x00mdat", Container.ISO_BMFF),
        (b"\x00\x00\x00\x01mdat", Container.ISO_BMFF),
        (AVI, Container.AVI),
        (ASF, Container.ASF),
        (FTYP_HEIC, None),
        (b"RIFF\x10\x00\x00\x00WAVEfmt ", None),
        (b"\x1aE\xdf\xa3 webm", None),
        (b"#EXTM3U\n#EXT-X-VERSION:3\n", None),
        (b"just a text file", None),
        (b"\x00\x00\x00\x03ftyp", None),
        (b"", None),
    ],
)
def test_a_container_is_told_by_its_first_bytes(head: bytes, container: Container | None) -> None:
    assert sniff_container(head) is container


def test_the_three_iso_types_stand_for_one_family() -> None:
    assert matches_declared("video/quicktime", Container.ISO_BMFF)
    assert matches_declared("video/3gpp", Container.ISO_BMFF)
    assert not matches_declared("video/mp4", Container.AVI)
    assert not matches_declared("video/mp4", None)


def test_the_source_key_carries_the_type_s_extension() -> None:
    video_id = UUID(int=7)

    assert source_key(video_id, "video/avi") == f"videos/{video_id}/source.avi"


def test_every_extension_declares_an_allowed_type() -> None:
    assert set(MIME_BY_EXTENSION.values()) <= set(MIMES)
