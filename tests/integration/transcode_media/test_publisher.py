"""Segments on their way out of a work directory."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from reel_hls.facts import Kind
from reel_stack import ffmpeg
from reel_testing.transcode_media import BytesStore
from reel_testing.waiting import until
from transcode_service.adapters.hls_publisher import HlsPublication, HlsPublisher
from transcode_service.domain.media_errors import OutputIncomplete, StoreUnavailable
from transcode_service.domain.packaging import PACKAGINGS, Packaging, PackagingName
from transcode_service.domain.stills import LUMA_BYTES

Files = dict[str, bytes]


@pytest.fixture(scope="session", params=PACKAGINGS)
def packaging(request: pytest.FixtureRequest) -> Packaging:
    name: PackagingName = request.param
    return PACKAGINGS[name]


@pytest.fixture(scope="session")
def made(packaging: Packaging, tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Return what FFmpeg makes of 3 s in segments of 2 s, with a keyframe every second."""
    folder = tmp_path_factory.mktemp(packaging.name)
    ffmpeg.run(
        [
            *("-f", "lavfi", "-i", "testsrc2=s=64x36:r=10:d=3", "-f", "lavfi", "-i", "sine=d=3"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-pix_fmt", "yuv420p"),
            *("-c:a", "aac", "-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod"),
            *packaging.muxer_options,
            *("-hls_segment_filename", str(folder / packaging.segment_pattern)),
            str(folder / "playlist.m3u8"),
        ]
    )
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class GatedStore(BytesStore):
    """Takes files only while its gate is open, and remembers the order."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.order: list[str] = []

    async def put_file(self, key: str, path: Path) -> None:
        await self.gate.wait()
        await super().put_file(key, path)
        self.order.append(key)


class BrokenStore(BytesStore):
    async def put_file(self, key: str, path: Path) -> None:
        raise StoreUnavailable(f"no room for {key}")


@dataclass(frozen=True)
class Encode:
    """An encode's output, written bit by bit as FFmpeg does, and its publication."""

    work: Path
    made: Files
    packaging: Packaging

    def open(
        self, store: BytesStore, **bounds: int
    ) -> AbstractAsyncContextManager["HlsPublication"]:
        return HlsPublisher(store, packaging=self.packaging, **bounds).open(
            self.work, "p", ["480p"]
        )

    def begin(self) -> None:
        if self.packaging.init:
            self._write(self.packaging.init)

    def write_segment(self, number: int) -> Path:
        """Under another name first."""
        return self._write(self.packaging.segment_pattern % number)

    def end(self) -> None:
        self._write("playlist.m3u8")
        (self.work / "candidates" / "0001.jpg").write_bytes(b"dull")
        (self.work / "candidates" / "0002.jpg").write_bytes(b"detailed")
        (self.work / "candidates" / "luma.gray").write_bytes(bytes([99]) * 2 * LUMA_BYTES)
        (self.work / "storyboard" / "0001.jpg").write_bytes(b"sheet")

    def key(self, number: int) -> str:
        return f"p/480p/{self.packaging.segment_pattern % number}"

    def _write(self, name: str) -> Path:
        path = self.work / "480p" / name
        unfinished = path.with_name(f"{name}.tmp")
        unfinished.write_bytes(self.made[name])
        return unfinished.rename(path)


@pytest.fixture
def encode(tmp_path: Path, made: Files, packaging: Packaging) -> Encode:
    return Encode(tmp_path / "work", made, packaging)


async def test_a_segment_is_sent_and_deleted_while_the_encode_goes_on(encode: Encode) -> None:
    store = BytesStore()
    async with encode.open(store) as publication:
        encode.begin()
        async with asyncio.TaskGroup() as group:
            group.create_task(publication.follow())
            first = encode.write_segment(0)
            await until(lambda: encode.key(0) in store.objects)
            await until(lambda: not first.exists())
            publication.stop()
        encode.write_segment(1)
        encode.end()

        published = await publication.finish()

    assert published.sent == {key: len(data) for key, data in store.objects.items()}
    stills = {"p/poster.jpg": len(b"detailed"), "p/storyboard/0001.jpg": len(b"sheet")}
    assert stills.items() <= published.sent.items()
    made_bytes = sum(map(len, encode.made.values()))
    assert sum(published.sent.values()) == made_bytes + sum(stills.values())
    assert published.renditions["480p"].playlist.duration_s == 3.0
    assert not encode.work.exists()


async def test_segments_are_measured_before_they_are_gone(encode: Encode) -> None:
    store = BytesStore()
    async with encode.open(store) as publication:
        encode.begin()
        for number in (0, 1):
            encode.write_segment(number)
        encode.end()

        rendition = (await publication.finish()).renditions["480p"]

    sizes = [len(store.objects[encode.key(number)]) for number in (0, 1)]
    assert [segment.size_bytes for segment in rendition.segments] == sizes
    pictures = [segment.track(Kind.VIDEO) for segment in rendition.segments]
    keyframes = [frame for picture in pictures if picture for frame in picture.keyframes]
    starts_s = [round(frame.at_s - keyframes[0].at_s, 3) for frame in keyframes]
    assert starts_s == [0.0, 1.0, 2.0]
    assert all(frame.start is not None for frame in keyframes)


async def test_playlists_are_sent_after_all_they_name(encode: Encode) -> None:
    store = GatedStore()
    store.gate.set()
    async with encode.open(store) as publication:
        encode.begin()
        encode.write_segment(0)
        encode.write_segment(1)
        encode.end()

        await publication.finish()

    assert store.order[-1] == "p/480p/playlist.m3u8"


async def test_a_slow_store_leaves_no_room_for_more(encode: Encode) -> None:
    store = GatedStore()
    bound = len(encode.made[encode.packaging.segment_pattern % 1]) + 100
    async with (
        encode.open(store, max_waiting_bytes=bound) as publication,
        asyncio.TaskGroup() as group,
    ):
        following = group.create_task(publication.follow())
        encode.begin()
        encode.write_segment(0)
        encode.write_segment(1)
        await until(lambda: not has_room(publication))

        store.gate.set()
        await publication.room()

        assert has_room(publication)
        publication.stop()
        await following


def has_room(publication: HlsPublication) -> bool:
    """Tell whether `room` returns at once."""
    waiting = publication.room()
    try:
        waiting.send(None)
    except StopIteration:
        return True
    waiting.close()
    return False


async def test_a_store_that_refuses_ends_the_following(encode: Encode) -> None:
    async with encode.open(BrokenStore()) as publication:
        encode.begin()
        encode.write_segment(0)

        with pytest.raises(StoreUnavailable):
            await publication.follow()


async def test_what_is_no_segment_is_refused(encode: Encode) -> None:
    async with encode.open(BytesStore()) as publication:
        encode.begin()
        encode.write_segment(0)
        encode.write_segment(1).write_bytes(bytes(1000))
        encode.end()

        with pytest.raises(OutputIncomplete, match="480p/seg_00001"):
            await publication.finish()


async def test_a_playlist_that_names_an_unsent_segment_is_refused(encode: Encode) -> None:
    async with encode.open(BytesStore()) as publication:
        encode.begin()
        encode.write_segment(0)
        encode.end()

        with pytest.raises(OutputIncomplete, match="seg_00001"):
            await publication.finish()


async def test_an_encode_without_a_playlist_is_refused(encode: Encode) -> None:
    async with encode.open(BytesStore()) as publication:
        with pytest.raises(OutputIncomplete, match=r"FFmpeg left out 480p/"):
            await publication.finish()


@pytest.mark.parametrize(
    ("left_out", "detail"),
    [
        ("candidates/0002.jpg", "1 candidates for the poster, of 2 the luma"),
        ("candidates/luma.gray", "2 candidates for the poster, of 0 the luma"),
        ("storyboard/0001.jpg", "left out the storyboard"),
    ],
)
async def test_an_encode_without_all_its_stills_is_refused(
    left_out: str, detail: str, encode: Encode
) -> None:
    async with encode.open(BytesStore()) as publication:
        encode.begin()
        encode.write_segment(0)
        encode.write_segment(1)
        encode.end()
        (encode.work / left_out).unlink()

        with pytest.raises(OutputIncomplete, match=detail):
            await publication.finish()
