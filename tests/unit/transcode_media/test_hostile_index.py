"""Indexes made to be looked at without end."""

from time import monotonic

import pytest

from reel_hls.isobmff import MAX_CHILDREN, MalformedBox, children, read_box
from reel_testing.boxes import FTYP, Mdat, box
from reel_testing.transcode_media import BytesStore
from transcode_service.domain.index_tables import MAX_INDEX_BOXES, check_index
from transcode_service.domain.media_errors import Rejection, SourceRejected
from transcode_service.domain.transcoding import SourceRef
from transcode_service.usecases.open_source import open_source

TINY = box(b"free", b"")
LONGEST_S = 5.0
"""On a busy machine; a walk of every box takes minutes."""


def trak(inside: bytes) -> bytes:
    return box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", inside))))


@pytest.mark.parametrize(
    "inside",
    [TINY * 1_000_000, trak(TINY * 1_000_000), trak(b"") * 300_000, trak(TINY * 9000) * 60],
    ids=["in the index", "in a sample table", "tracks", "tracks of many"],
)
async def test_an_index_of_a_million_boxes_is_refused_at_once(inside: bytes) -> None:
    data = FTYP + Mdat((b"sample",)).data + box(b"moov", inside[: 40 * 1024**2 // 8 * 8])
    started = monotonic()

    with pytest.raises(SourceRejected) as rejected:
        await open_source(SourceRef("k", len(data), "video/mp4"), BytesStore({"k": data}))

    assert rejected.value.reason is Rejection.SOURCE_CORRUPT
    assert monotonic() - started < LONGEST_S


def test_a_box_has_only_so_many_children() -> None:
    whole = box(b"moov", TINY * MAX_CHILDREN)
    assert len(list(children(whole, read_box(whole, 0, len(whole))))) == MAX_CHILDREN

    more = box(b"moov", TINY * (MAX_CHILDREN + 1))
    with pytest.raises(MalformedBox, match="more than"):
        list(children(more, read_box(more, 0, len(more))))


def test_an_index_has_only_so_many_boxes_on_the_way_to_its_samples() -> None:
    check_index(box(b"moov", trak(TINY * 1000) * 3))

    with pytest.raises(MalformedBox, match="more than"):
        check_index(box(b"moov", trak(TINY * 9000) * (MAX_INDEX_BOXES // 9000 + 1)))
