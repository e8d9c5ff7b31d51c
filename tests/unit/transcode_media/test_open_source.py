import struct
from contextlib import aclosing, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reel_kernel.media import MIMES, Container
from reel_testing.boxes import FTYP, MOOV, Mdat, Piece, box, chunk_offsets, film, index
from reel_testing.hostile import DISGUISES
from reel_testing.index_boxes import TrackBoxes, movie
from reel_testing.sparse_store import SparseStore
from reel_testing.transcode_media import BytesStore
from transcode_service.domain.disorder import Disorder
from transcode_service.domain.media_errors import Rejection, SourceRejected
from transcode_service.domain.parts import FileRange
from transcode_service.domain.transcoding import SourceRef
from transcode_service.usecases.open_source import HEAD_BYTES, OpenedSource, open_source

SAMPLES = Mdat((b"a" * 3000, b"b" * 2000))
MVEX = box(b"moov", box(b"mvhd", bytes(100)) + box(b"mvex", b""))
FRAGMENT = box(b"moof", bytes(40)) + box(b"mdat", bytes(4000))
AVI = b"RIFF" + struct.pack("<I", 4992) + b"AVI " + bytes(4988)
AVIX = b"RIFF" + struct.pack("<I", 1992) + b"AVIX" + bytes(1988)
ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + struct.pack("<Q", 100) + bytes(76)
ASF = (
    ASF_HEADER
    + bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
    + struct.pack("<Q", 4900)
    + bytes(4876)
)


async def opened(data: bytes, mime: str = "video/mp4") -> OpenedSource:
    return await open_source(SourceRef("key", len(data), mime), BytesStore({"key": data}))


async def sent(source: OpenedSource) -> bytes:
    async with aclosing(source.stream()) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def reason(data: bytes, mime: str = "video/mp4") -> Rejection:
    with pytest.raises(SourceRejected) as rejected:
        await opened(data, mime)
    return rejected.value.reason


async def test_an_index_at_the_end_is_streamed_first() -> None:
    source = await opened(film([FTYP, box(b"wide", b""), SAMPLES, MOOV]).data, "video/quicktime")

    stream = await sent(source)

    assert stream[: len(FTYP)] == FTYP
    assert stream[len(FTYP) + 4 : len(FTYP) + 8] == b"moov"
    assert stream.endswith(SAMPLES.data)
    assert len(stream) == source.stream_bytes


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (film([FTYP, MOOV, SAMPLES]).data, "video/mp4"),
        (film([MOOV, SAMPLES]).data, "video/quicktime"),
        (FTYP + MVEX + FRAGMENT * 3, "video/mp4"),
        (AVI, "video/x-msvideo"),
        (AVI + AVIX, "video/x-msvideo"),
        (b"RIFF" + bytes(4) + b"AVI " + b"JUNK" + AVI[4:8] + bytes(4992), "video/x-msvideo"),
        (ASF, "video/x-ms-wmv"),
    ],
)
async def test_what_a_pipe_can_take_goes_as_it_is(data: bytes, mime: str) -> None:
    assert await sent(await opened(data, mime)) == data


async def test_a_large_film_is_opened_with_a_few_small_reads() -> None:
    data = film([FTYP, Mdat((bytes(8 * HEAD_BYTES),)), MOOV]).data
    store = BytesStore({"key": data})

    source = await open_source(SourceRef("key", len(data), "video/mp4"), store)

    assert len(store.reads) == 2
    assert sum(end - start for start, end in store.reads) < 2 * HEAD_BYTES
    assert source.container is Container.ISO_BMFF


GIB = 2**30
OPENDML = {0: b"RIFF" + struct.pack("<I", GIB - 8) + b"AVI ", GIB: b"RIFF" + struct.pack("<I", GIB)}


async def test_an_avi_beyond_a_gib_is_followed_from_riff_to_riff() -> None:
    store = SparseStore(2 * GIB + 8, OPENDML)

    source = await open_source(SourceRef("key", store.size, "video/x-msvideo"), store)

    assert source.parts == (FileRange(0, store.size),)
    assert sum(end - start for start, end in store.reads) < 2 * HEAD_BYTES


async def test_an_avi_that_ends_within_its_second_riff_is_truncated() -> None:
    store = SparseStore(2 * GIB - 100, OPENDML)

    with pytest.raises(SourceRejected) as rejected:
        await open_source(SourceRef("key", store.size, "video/x-msvideo"), store)

    assert rejected.value.reason is Rejection.SOURCE_TRUNCATED


async def test_an_asf_that_ends_within_its_data_is_truncated() -> None:
    header = ASF[:100] + ASF[100:116] + struct.pack("<Q", 3 * GIB)
    store = SparseStore(3 * GIB + 100, {0: header})
    cut = SparseStore(3 * GIB - 1, {0: header})

    whole = await open_source(SourceRef("key", store.size, "video/x-ms-wmv"), store)
    with pytest.raises(SourceRejected) as rejected:
        await open_source(SourceRef("key", cut.size, "video/x-ms-wmv"), cut)

    assert whole.parts == (FileRange(0, store.size),)
    assert rejected.value.reason is Rejection.SOURCE_TRUNCATED


UNENDED = Mdat((b"one" * 100, b"two" * 100), to_end=True)


@pytest.mark.parametrize(
    "layout", [[FTYP, MOOV, UNENDED], [FTYP, box(b"free", b""), MOOV, UNENDED], [MOOV, UNENDED]]
)
async def test_samples_up_to_the_end_of_the_file_get_a_size(layout: list[Piece]) -> None:
    data = film(layout).data

    stream = await sent(await opened(data, "video/quicktime"))

    assert len(stream) == len(data)
    at = stream.index(b"mdat") - 4
    assert int.from_bytes(stream[at : at + 4], "big") == len(stream) - at
    assert stream[at + 4 :] == data[data.index(b"mdat") :]


async def test_more_than_4_gib_of_samples_up_to_the_end_get_a_size_too() -> None:
    moov = index([0], [3])
    first = len(FTYP) + len(moov) + 8
    moov, size = index([first], [3]), first + 5 * GIB
    store = SparseStore(size, {0: FTYP + moov + bytes(4) + b"mdat" + b"one"})

    source = await open_source(SourceRef("key", size, "video/mp4"), store)

    start = await source.leading(first + 100)
    (offset,) = chunk_offsets(start)
    assert start[offset : offset + 3] == b"one"
    assert source.stream_bytes == size + 8 + 4
    at = start.index(b"mdat") - 4
    assert int.from_bytes(start[at + 8 : at + 16], "big") == source.stream_bytes - at


def seconds(start: int, handler: bytes) -> TrackBoxes:
    """A chunk of sixty samples of a second and 100 bytes each."""
    return TrackBoxes(
        offsets=(start,),
        counts=(60,),
        sizes=[100] * 60,
        times=((60, 10),),
        timescale=10,
        handler=handler,
    )


def tracks_apart() -> bytes:
    moov = movie(seconds(28, b"vide"), seconds(6028, b"soun"))
    return FTYP + box(b"mdat", bytes(n * 167 % 251 for n in range(12_000))) + moov


async def test_a_film_with_its_tracks_apart_is_interleaved_anew() -> None:
    data = tracks_apart()

    source = await opened(data)

    stream = await sent(source)
    assert source.disorder == Disorder("sound", "picture", 59.0)
    assert len(stream) == source.stream_bytes
    assert stream[-12_000:-11_800] == data[28:128] + data[6028:6128]
    assert stream[-200:] == data[5928:6028] + data[11_928:12_028]
    assert len(source.tracks) == 2


async def test_the_prober_gets_the_first_samples_of_every_track() -> None:
    source = await opened(tracks_apart())
    stream = await sent(source)

    assert await source.leading(HEAD_BYTES) == stream
    assert await source.leading(250) == stream[: len(stream) - 12_000 - len(FTYP) + 250]


async def test_a_film_with_its_tracks_apart_that_is_cut_off_is_truncated() -> None:
    moov = movie(seconds(4028, b"vide"), seconds(10_028, b"soun"))
    between = box(b"free", bytes(4000 - 8 - len(moov)))
    data = FTYP + moov + between + tracks_apart()[20:12_028]

    assert (await opened(data)).disorder is not None
    assert await reason(data[:-1]) is Rejection.SOURCE_TRUNCATED


async def test_a_source_that_changes_between_two_turns_has_changed() -> None:
    data = tracks_apart()
    store = BytesStore({"key": data})
    source = await open_source(SourceRef("key", len(data), "video/mp4"), store)

    async with aclosing(source.stream()) as chunks:
        for _ in range(3):
            await anext(chunks)
        store.objects["key"] = data[:5000]
        with pytest.raises(SourceRejected) as rejected:
            async for _ in chunks:
                pass

    assert rejected.value.reason is Rejection.SOURCE_CHANGED


async def test_the_prober_gets_the_index_and_the_first_samples() -> None:
    source = await opened(film([FTYP, SAMPLES, MOOV]).data)

    assert await source.leading(HEAD_BYTES) == await sent(source)
    assert (await sent(source)).startswith(await source.leading(1000))


async def test_a_source_that_is_not_there_is_missing() -> None:
    with pytest.raises(SourceRejected) as rejected:
        await open_source(SourceRef("key", 1, "video/mp4"), BytesStore())

    assert rejected.value.reason is Rejection.SOURCE_MISSING


async def test_a_source_of_another_size_than_admitted_has_changed() -> None:
    store = BytesStore({"key": AVI})

    with pytest.raises(SourceRejected) as rejected:
        await open_source(SourceRef("key", 1, "video/x-msvideo"), store)

    assert rejected.value.reason is Rejection.SOURCE_CHANGED


@pytest.mark.parametrize(
    ("data", "mime"),
    [(b"bread, milk, eggs", "video/mp4"), (AVI, "video/mp4"), (b"#EXTM3U\n", "video/mp4")],
)
async def test_bytes_of_another_kind_than_declared_are_unsupported(data: bytes, mime: str) -> None:
    assert await reason(data, mime) is Rejection.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("disguise", DISGUISES)
@pytest.mark.parametrize("mime", MIMES)
async def test_a_list_of_other_files_is_no_film(disguise: str, mime: str) -> None:
    data = DISGUISES[disguise] + bytes(5000)

    assert await reason(data, mime) is Rejection.UNSUPPORTED_FORMAT


LATE = film([FTYP, SAMPLES, MOOV]).data
EARLY = film([FTYP, MOOV, SAMPLES]).data
UNFINISHED = film([FTYP, Mdat((bytes(5000),), to_end=True)]).data


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (LATE[:-10], "video/mp4"),
        (LATE[:4000], "video/mp4"),
        (LATE[: len(FTYP) + len(SAMPLES.data)], "video/mp4"),
        (EARLY[:-1], "video/mp4"),
        (UNFINISHED, "video/mp4"),
        (AVI[:-100], "video/x-msvideo"),
        ((AVI + AVIX)[:-100], "video/x-msvideo"),
        (ASF[:-1], "video/x-ms-wmv"),
        (ASF[:17], "video/x-ms-wmv"),
    ],
)
async def test_a_file_that_ends_before_its_headers_say_is_truncated(data: bytes, mime: str) -> None:
    assert await reason(data, mime) is Rejection.SOURCE_TRUNCATED


async def test_a_fragmented_film_cut_off_is_told_at_the_end_of_its_stream() -> None:
    source = await opened((FTYP + MVEX + FRAGMENT * 3)[:-1])

    with pytest.raises(SourceRejected) as rejected:
        await sent(source)

    assert rejected.value.reason is Rejection.SOURCE_TRUNCATED


FRAGMENTED = FTYP + MVEX + FRAGMENT
WHOLE = {
    "video/mp4": (LATE, EARLY, FRAGMENTED),
    "video/x-msvideo": (AVI, AVI + AVIX),
    "video/x-ms-wmv": (ASF,),
}


@st.composite
def damaged(draw: st.DrawFn) -> tuple[bytes, str]:
    mime = draw(st.sampled_from(sorted(WHOLE)))
    data = bytearray(draw(st.sampled_from(WHOLE[mime])))
    for _ in range(draw(st.integers(1, 4))):
        near_a_header = st.one_of(st.integers(0, 600), st.integers(len(data) - 600, len(data) - 5))
        at = draw(near_a_header) % len(data)
        patch = draw(st.sampled_from([b"\0", b"\xff", b"\0\0\0\1", b"\xff\xff\xff\xff", b"trak"]))
        data[at : at + len(patch)] = patch
    kept = draw(st.one_of(st.just(len(data)), st.integers(1, 700), st.integers(1, len(data))))
    return bytes(data[:kept]), mime


@settings(deadline=None, max_examples=300)
@given(damaged())
async def test_a_damaged_file_is_streamed_or_refused_and_nothing_else(
    damage: tuple[bytes, str],
) -> None:
    data, mime = damage

    with suppress(SourceRejected):
        source = await opened(data, mime)
        assert len(await sent(source)) == source.stream_bytes


async def test_boxes_nested_without_end_are_no_reason_to_fail() -> None:
    nested = b""
    for _ in range(5000):
        nested = box(b"trak", nested)

    source = await opened(FTYP + SAMPLES.data + box(b"moov", nested))

    assert len(await sent(source)) == source.stream_bytes


@pytest.mark.parametrize(
    "data",
    [
        FTYP + box(b"free", b"") * 100,
        FTYP + box(b"moov", b"\0\0\0\x99trak"),
        FTYP + b"\0\0\0\x03moov" + bytes(20),
        FTYP + struct.pack(">I4s", 65 * 1024 * 1024, b"moov") + bytes(65 * 1024 * 1024 - 8),
    ],
    ids=["no index", "an index that overflows", "no size", "a monstrous index"],
)
async def test_an_index_that_makes_no_sense_is_corrupt(data: bytes) -> None:
    assert await reason(data) is Rejection.SOURCE_CORRUPT
