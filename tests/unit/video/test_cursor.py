"""The opaque cursor."""

import json
from base64 import b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reel_kernel.errors import InvalidRequest
from video_service.api.cursor import decode_cursor, encode_cursor
from video_service.domain.page import Position

SOME_ID = UUID("0194a5f6-0000-4000-8000-000000000002")
positions = st.builds(
    Position, created_at=st.datetimes(timezones=st.just(UTC)), id=st.uuids(allow_nil=True)
)


@given(positions)
def test_a_cursor_names_its_place_to_the_microsecond(position: Position) -> None:
    assert decode_cursor(encode_cursor(position)) == position


@given(positions)
def test_a_cursor_needs_no_escaping_but_its_padding(position: Position) -> None:
    cursor = encode_cursor(position).rstrip("=")

    assert quote(cursor, safe="") == cursor
    assert decode_cursor(cursor) == position


def test_a_cursor_is_the_base64_of_the_json_the_spec_shows() -> None:
    position = Position(datetime(2026, 1, 22, 2, 40, tzinfo=UTC), SOME_ID)

    content = json.loads(b64decode(encode_cursor(position)))

    assert content == {"createdAt": "2026-01-22T02:40:00Z", "id": str(SOME_ID)}


def test_an_offset_is_brought_to_utc() -> None:
    cursor = forged(createdAt="2026-01-22T02:40:00+02:00", id=str(SOME_ID))

    assert decode_cursor(cursor).created_at == datetime(2026, 1, 22, 0, 40, tzinfo=UTC)
    assert decode_cursor(cursor).created_at.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "%",
        "é",
        "not base64!",
        "bm90IGpzb24=",
        "e30=",
        urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        decode_cursor(cursor)

    assert [error.field for error in caught.value.errors] == ["cursor"]


@pytest.mark.parametrize(
    "content",
    [
        {"createdAt": "2026-01-22T02:40:00", "id": str(SOME_ID)},
        {"createdAt": "0001-01-01T00:00:00+14:00", "id": str(SOME_ID)},
        {"createdAt": "yesterday", "id": str(SOME_ID)},
        {"createdAt": "2026-01-22T02:40:00Z", "id": "7"},
        {"createdAt": "2026-01-22T02:40:00Z"},
        {"createdAt": "2026-01-22T02:40:00Z", "id": str(SOME_ID), "offset": 4},
    ],
)
def test_a_forged_cursor_is_refused(content: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        decode_cursor(forged(**content))


def forged(**content: object) -> str:
    return urlsafe_b64encode(json.dumps(content).encode()).decode()
