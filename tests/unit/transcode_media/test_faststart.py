"""The virtual faststart, held to what a demuxer does: follow the offsets, find the samples."""

import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reel_hls.isobmff import MalformedBox, find, read_box
from reel_testing.boxes import FTYP, MOOV, Film, Mdat, Piece, box, chunk_offsets, film, index
from transcode_service.domain.faststart import (
    check_samples_present,
    faststart,
    fragmented_duration_s,
    is_fragmented,
)
from transcode_service.domain.media_errors import Rejection, SourceRejected
from transcode_service.domain.parts import Literal, Part, Woven, total_bytes

OTHER = st.builds(
    box,
    st.sampled_from([b"free", b"skip", b"wide", b"uuid", b"meta"]),
    st.binary(max_size=20),
    large=st.booleans(),
)
CHUNKS = st.lists(st.binary(min_size=1, max_size=30), max_size=5).map(tuple)
MDAT = st.builds(Mdat, CHUNKS, large=st.booleans())


@st.composite
def films(draw: st.DrawFn) -> Film:
    pieces: list[Piece] = draw(st.lists(st.one_of(OTHER, MDAT), min_size=1, max_size=6))
    pieces.insert(draw(st.integers(0, len(pieces))), MOOV)
    if isinstance(pieces[-1], Mdat) and draw(st.booleans()):
        pieces[-1] = replace(pieces[-1], to_end=True, large=False)
    if draw(st.booleans()):
        pieces.insert(0, FTYP)
    return film(pieces, wide=draw(st.booleans()), moov_large=draw(st.booleans()))


def plan(data: bytes) -> tuple[Part, ...]:
    position, ftyp_end = 0, 0
    while (found := read_box(data[position : position + 16], position, len(data))).kind != b"moov":
        ftyp_end = found.end if found.kind == b"ftyp" and position == 0 else ftyp_end
        position = found.end
    moov = data[found.start : found.end]
    return faststart(moov_box=found, moov=moov, ftyp_end=ftyp_end, file_bytes=len(data))


def stream(data: bytes, parts: tuple[Part, ...]) -> bytes:
    return b"".join(literal(data, part) for part in parts)


def literal(data: bytes, part: Part) -> bytes:
    assert not isinstance(part, Woven)
    return part.data if isinstance(part, Literal) else data[part.start : part.end]


@settings(deadline=None)
@given(films())
def test_every_chunk_is_where_the_moved_index_says(whole: Film) -> None:
    parts = plan(whole.data)

    sent = stream(whole.data, parts)

    offsets = chunk_offsets(next(part.data for part in parts if isinstance(part, Literal)))
    found = [sent[at : at + len(chunk)] for at, chunk in zip(offsets, whole.chunks, strict=True)]
    assert found == list(whole.chunks)
    assert total_bytes(parts) == len(sent)


@settings(deadline=None)
@given(films())
def test_the_index_comes_before_the_samples_and_every_box_comes_once(whole: Film) -> None:
    sent = stream(whole.data, plan(whole.data))

    assert kinds(sent)[: 2 if sent.startswith(FTYP) else 1][-1] == b"moov"
    assert sorted(kinds(sent)) == sorted(kinds(whole.data))


def kinds(data: bytes) -> list[bytes]:
    found, position = list[bytes](), 0
    while position < len(data):
        each = read_box(data[position : position + 16], position, len(data))
        found.append(each.kind)
        position = each.end
    return found


def test_an_index_that_is_first_already_is_sent_unchanged() -> None:
    whole = film([FTYP, MOOV, Mdat((b"one", b"two"))])

    assert stream(whole.data, plan(whole.data)) == whole.data


def test_offsets_become_64_bit_when_the_stream_outgrows_32() -> None:
    file_bytes = 2**32 + 300
    moov = index([48, 2**32 - 200], [10, 10])
    moov_box = read_box(moov, file_bytes - len(moov), file_bytes)

    parts = faststart(moov_box=moov_box, moov=moov, ftyp_end=20, file_bytes=file_bytes)

    moved = next(part.data for part in parts if isinstance(part, Literal))
    assert b"co64" in moved
    assert b"stco" not in moved
    assert len(moved) == len(moov) + 2 * 4
    assert chunk_offsets(moved) == [48 + len(moved), 2**32 - 200 + len(moved)]
    table = find(moved, read_box(moved, 0, len(moved)), b"trak", b"mdia", b"minf", b"stbl", b"co64")
    assert table is not None


def test_what_is_not_on_the_way_to_the_offsets_keeps_its_bytes() -> None:
    whole = film([FTYP, Mdat((b"sample",)), MOOV])

    moved = next(part.data for part in plan(whole.data) if isinstance(part, Literal))

    assert box(b"udta", bytes(4)) in moved
    assert box(b"mvhd", bytes(100)) in moved


def test_a_file_that_ends_with_its_last_sample_is_whole() -> None:
    moov = index([100, 200], [10, 20])

    check_samples_present(moov, 220)


@pytest.mark.parametrize("file_bytes", [0, 150, 200, 219])
def test_a_file_that_ends_before_its_last_sample_is_truncated(file_bytes: int) -> None:
    with pytest.raises(SourceRejected) as rejected:
        check_samples_present(index([100, 200], [10, 20]), file_bytes)

    assert rejected.value.reason is Rejection.SOURCE_TRUNCATED


def test_a_track_without_samples_needs_no_bytes() -> None:
    check_samples_present(index([], []), 0)


def test_an_index_cut_off_inside_a_table_is_refused() -> None:
    moov = bytearray(index([100], [10]))
    moov[moov.index(b"stco") + 8 : moov.index(b"stco") + 12] = struct.pack(">I", 9_999_999)

    with pytest.raises(MalformedBox):
        check_samples_present(bytes(moov), 10_000)


def fragmented(mehd: bytes) -> bytes:
    mvhd = box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, 1000, 0))
    return box(b"moov", mvhd + box(b"mvex", mehd + box(b"trex", bytes(24))))


def test_a_fragmented_film_may_tell_its_length() -> None:
    narrow = fragmented(box(b"mehd", struct.pack(">II", 0, 5000)))
    wide = fragmented(box(b"mehd", struct.pack(">IQ", 1 << 24, 7000)))

    assert is_fragmented(narrow)
    assert fragmented_duration_s(narrow) == 5.0
    assert fragmented_duration_s(wide) == 7.0


def test_a_fragmented_film_may_keep_its_length_to_itself() -> None:
    assert fragmented_duration_s(fragmented(b"")) is None
    assert not is_fragmented(index([], []))
