"""Segments on their way out of a work directory."""

import asyncio
from pathlib import Path

import pytest

from reel_testing.transcode_media import BytesStore
from reel_testing.waiting import until
from transcode_service.adapters.hls_publisher import HlsPublication, HlsPublisher
from transcode_service.domain.media_errors import OutputIncomplete, StoreUnavailable
from transcode_service.domain.stills import LUMA_BYTES

PLAYLIST = """#EXTM3U
#EXT-X-TARGETDURATION:6
#EXT-X-MAP:URI="init.mp4"
#EXTINF:6.0,
seg_00000.m4s
#EXTINF:3.0,
seg_00001.m4s
#EXT-X-ENDLIST
"""


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


def write_segment(work: Path, number: int, size_bytes: int = 1000) -> Path:
    """As FFmpeg does: under another name first."""
    path = work / "480p" / f"seg_{number:05d}.m4s"
    unfinished = path.with_suffix(".m4s.tmp")
    unfinished.write_bytes(bytes(size_bytes))
    return unfinished.rename(path)


def write_the_rest(work: Path) -> None:
    (work / "480p" / "init.mp4").write_bytes(b"init")
    (work / "480p" / "playlist.m3u8").write_text(PLAYLIST)
    (work / "candidates" / "0001.jpg").write_bytes(b"dull")
    (work / "candidates" / "0002.jpg").write_bytes(b"detailed")
    (work / "candidates" / "luma.gray").write_bytes(bytes([99]) * 2 * LUMA_BYTES)
    (work / "storyboard" / "0001.jpg").write_bytes(b"sheet")


async def test_a_segment_is_sent_and_deleted_while_the_encode_goes_on(tmp_path: Path) -> None:
    store, work = BytesStore(), tmp_path / "work"
    async with HlsPublisher(store).open(work, "p", ["480p"]) as publication:
        async with asyncio.TaskGroup() as group:
            group.create_task(publication.follow())
            first = write_segment(work, 0)
            await until(lambda: "p/480p/seg_00000.m4s" in store.objects)
            await until(lambda: not first.exists())
            publication.stop()
        write_segment(work, 1)
        write_the_rest(work)

        published = await publication.finish()

    assert published.sent == {
        "p/480p/seg_00000.m4s": 1000,
        "p/480p/seg_00001.m4s": 1000,
        "p/480p/init.mp4": 4,
        "p/480p/playlist.m3u8": len(PLAYLIST),
        "p/poster.jpg": len(b"detailed"),
        "p/storyboard/0001.jpg": 5,
    }
    assert published.renditions["480p"].playlist.duration_s == 9.0
    assert not work.exists()


async def test_playlists_are_sent_after_all_they_name(tmp_path: Path) -> None:
    store, work = GatedStore(), tmp_path / "work"
    store.gate.set()
    async with HlsPublisher(store).open(work, "p", ["480p"]) as publication:
        write_segment(work, 0)
        write_segment(work, 1)
        write_the_rest(work)

        await publication.finish()

    assert store.order[-1] == "p/480p/playlist.m3u8"


async def test_a_slow_store_leaves_no_room_for_more(tmp_path: Path) -> None:
    store, work = GatedStore(), tmp_path / "work"
    publisher = HlsPublisher(store, max_waiting_bytes=1500)
    async with (
        publisher.open(work, "p", ["480p"]) as publication,
        asyncio.TaskGroup() as group,
    ):
        following = group.create_task(publication.follow())
        write_segment(work, 0)
        write_segment(work, 1)
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


async def test_a_store_that_refuses_ends_the_following(tmp_path: Path) -> None:
    work = tmp_path / "work"
    async with HlsPublisher(BrokenStore()).open(work, "p", ["480p"]) as publication:
        write_segment(work, 0)

        with pytest.raises(StoreUnavailable):
            await publication.follow()


async def test_a_playlist_that_names_an_unsent_segment_is_refused(tmp_path: Path) -> None:
    work = tmp_path / "work"
    async with HlsPublisher(BytesStore()).open(work, "p", ["480p"]) as publication:
        write_segment(work, 0)
        write_the_rest(work)

        with pytest.raises(OutputIncomplete, match="seg_00001"):
            await publication.finish()


async def test_an_encode_without_a_playlist_is_refused(tmp_path: Path) -> None:
    async with HlsPublisher(BytesStore()).open(tmp_path / "work", "p", ["480p"]) as publication:
        with pytest.raises(OutputIncomplete, match=r"init\.mp4"):
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
    left_out: str, detail: str, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    async with HlsPublisher(BytesStore()).open(work, "p", ["480p"]) as publication:
        write_segment(work, 0)
        write_segment(work, 1)
        write_the_rest(work)
        (work / left_out).unlink()

        with pytest.raises(OutputIncomplete, match=detail):
            await publication.finish()
