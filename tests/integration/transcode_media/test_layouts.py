"""However a film lies in its file, the stream that goes into the pipe decodes to the same."""

import io
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import av
import pytest
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from hypothesis import given, settings
from hypothesis import strategies as st

from reel_stack import ffmpeg
from reel_testing.boxes import box
from reel_testing.film_layouts import one_chunk_a_track
from reel_testing.media_memory import PREFIX, MediaInMemory, media_in_memory
from reel_testing.relaid import Footage, Index, Piece, Samples, lay_out, take_apart
from reel_testing.transcode_media import BytesStore
from transcode_service.adapters.probe_child import Pipe
from transcode_service.domain.transcoding import SourceRef
from transcode_service.usecases.open_source import open_source

TEN_FRAMES = "testsrc=s=64x36:r=1:d=10"
TONE = "sine=frequency=440:sample_rate=8000:d=10"
PICTURE = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "4", "-pix_fmt", "yuv420p")
SOUNDS = {"aac.mp4": ("-c:a", "aac"), "pcm.mov": ("-c:a", "pcm_s16le")}
OTHER = st.builds(
    box,
    st.sampled_from([b"free", b"skip", b"wide", b"uuid"]),
    st.binary(min_size=16, max_size=20),
    large=st.booleans(),
)


@pytest.fixture(scope="session", params=sorted(SOUNDS))
def footage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Footage:
    """Ten seconds of picture, one frame each, and sound."""
    path: Path = tmp_path_factory.mktemp("footage") / request.param
    inputs = ("-f", "lavfi", "-i", TEN_FRAMES, "-f", "lavfi", "-i", TONE)
    ffmpeg.run([*inputs, *PICTURE, *SOUNDS[request.param], str(path)])
    return take_apart(path.read_bytes())


@dataclass(frozen=True, slots=True)
class Layout:
    """How to lay out any footage: shares (0–1) at which tracks are cut, and choices in order."""

    shares: tuple[tuple[float, ...], ...]
    keys: tuple[float, ...]
    backwards: bool
    others: tuple[bytes, ...]
    large: tuple[bool, ...]
    index: Index
    index_at: float
    gap_bytes: int
    to_end: bool
    ftyp: bool


SHARES = st.floats(0, 1, exclude_min=True, exclude_max=True)
LAYOUTS = st.builds(
    Layout,
    shares=st.tuples(*2 * [st.lists(SHARES, max_size=8).map(tuple)]),
    keys=st.lists(SHARES, min_size=20, max_size=20).map(tuple),
    backwards=st.booleans(),
    others=st.lists(st.one_of(st.just(b""), OTHER), max_size=4).map(tuple),
    large=st.lists(st.booleans(), min_size=6, max_size=6).map(tuple),
    index=st.builds(Index, wide=st.booleans(), large=st.booleans()),
    index_at=st.floats(0, 1),
    gap_bytes=st.sampled_from([0, 0, 3, 2000]),
    to_end=st.booleans(),
    ftyp=st.booleans(),
)


def laid_out(footage: Footage, layout: Layout) -> bytes:
    tracks = zip(footage.tracks, layout.shares, strict=True)
    cuts = [cut(len(samples), shares) for samples, shares in tracks]
    order = mixed(cuts, layout)
    parts = len(layout.others) + 1
    bounds = [len(order) * number // parts for number in range(parts + 1)]
    pieces: list[Piece] = []
    others = (*layout.others, b"")
    for (start, end), large, other in zip(pairwise(bounds), layout.large, others, strict=False):
        pieces += [Samples(order[start:end], large, gap_bytes=layout.gap_bytes), other]
    pieces.insert(round(layout.index_at * len(pieces)), layout.index)
    pieces = [piece for piece in pieces if piece != b""]
    if layout.to_end and isinstance(pieces[-1], Samples):
        pieces[-1] = replace(pieces[-1], to_end=True, large=False)
    return lay_out(footage, cuts, [footage.ftyp, *pieces] if layout.ftyp else pieces)


def cut(samples: int, shares: Sequence[float]) -> list[int]:
    ends = sorted({0, samples, *(int(share * samples) for share in shares)})
    return [end - start for start, end in pairwise(ends)]


def mixed(cuts: Sequence[Sequence[int]], layout: Layout) -> list[tuple[int, int]]:
    """Mix the chunks of the tracks at random, each track's in order unless backwards."""
    keys = iter(layout.keys)
    keyed = list[tuple[float, tuple[int, int]]]()
    for track, counts in enumerate(cuts):
        drawn = [next(keys) for _ in counts]
        ordered = drawn if layout.backwards else sorted(drawn)
        keyed += [(key, (track, number)) for number, key in enumerate(ordered)]
    return [chunk for _, chunk in sorted(keyed)]


async def piped(film: bytes) -> bytes:
    source = await open_source(
        SourceRef("key", len(film), "video/quicktime"), BytesStore({"key": film})
    )
    async with aclosing(source.stream()) as chunks:
        stream = b"".join([chunk async for chunk in chunks])
    assert len(stream) == source.stream_bytes
    return stream


def packets(film: BinaryIO | Pipe) -> list[list[tuple[object, ...]]]:
    """Return what a demuxer reads of each stream: times, and a hash of the bytes."""
    with av.open(film, "r", format="mov") as container:
        found = [list[tuple[object, ...]]() for _ in container.streams]
        for packet in container.demux():
            data = (packet.pts, packet.dts, packet.duration, packet.is_keyframe)
            found[packet.stream_index].append((*data, blake2b(bytes(packet)).digest()))
    return found


def frames(film: BinaryIO | Pipe) -> list[set[tuple[object, ...]]]:
    """Return what a decoder makes of each stream."""
    with av.open(film, "r", format="mov") as container:
        found = [set[tuple[object, ...]]() for _ in container.streams]
        for packet in container.demux():
            for frame in packet.decode():
                assert isinstance(frame, VideoFrame | AudioFrame)
                planes = blake2b(b"".join(map(bytes, frame.planes))).digest()
                found[packet.stream_index].add((frame.pts, planes))
    return found


def read_twice(film: bytes, stream: bytes) -> Iterator[tuple[object, object]]:
    yield packets(io.BytesIO(film)), packets(Pipe(stream))
    yield frames(io.BytesIO(film)), frames(Pipe(stream))


@pytest.mark.budgeted
@settings(deadline=None, max_examples=settings().max_examples * 3 // 10)
@given(layout=LAYOUTS)
async def test_any_layout_decodes_from_the_pipe_as_from_the_file(
    footage: Footage, layout: Layout
) -> None:
    film = laid_out(footage, layout)

    stream = await piped(film)

    for from_file, from_pipe in read_twice(film, stream):
        assert from_pipe == from_file


@pytest.fixture
async def media(tmp_path: Path) -> AsyncGenerator[MediaInMemory]:
    async with media_in_memory(tmp_path) as media:
        yield media


async def test_every_segment_of_a_film_with_its_tracks_apart_has_picture_and_sound(
    media: MediaInMemory, tmp_path: Path
) -> None:
    film = tmp_path / "apart.mp4"
    lavfi = ("-f", "lavfi", "-i", "testsrc=s=64x36:r=10:d=14", "-f", "lavfi", "-i", "sine=d=14")
    ffmpeg.run([*lavfi, *PICTURE, "-c:a", "aac", str(film)])
    film.write_bytes(one_chunk_a_track(film.read_bytes()))

    await media.transcode(film)

    below = f"{PREFIX}/480p/"
    segments = sorted(key for key in media.store.objects if key.startswith(f"{below}seg_"))
    assert len(segments) == 3
    for key in segments:
        starts, ends = spans(media.store.objects[f"{below}init.mp4"] + media.store.objects[key])
        assert starts["audio"] == pytest.approx(starts["video"], abs=0.05)
        assert ends["audio"] == pytest.approx(ends["video"], abs=0.15)


def spans(segment: bytes) -> tuple[dict[str, float], dict[str, float]]:
    """Return when the first and the last packet of each kind of stream are due, in seconds."""
    starts, ends = dict[str, float](), dict[str, float]()
    with av.open(io.BytesIO(segment), "r") as container:
        for packet in container.demux():
            if packet.pts is not None:
                due_s = float(packet.pts * packet.time_base)
                starts.setdefault(packet.stream.type, due_s)
                ends[packet.stream.type] = due_s
    return starts, ends
