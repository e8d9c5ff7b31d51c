"""What both kinds of segments hold, decoded: the film itself, and each I-frame alone."""

import asyncio
import io
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import av
import pytest
from av.error import FFmpegError

from reel_hls.isobmff import read_box
from reel_hls.mpegts import PACKET_BYTES
from reel_hls.playlists import MasterPlaylist, MediaPlaylist, Segment, parse
from reel_stack import ffmpeg
from reel_storage.client import s3_client
from reel_testing.infra import Infra
from reel_testing.media_bucket import media_bucket
from reel_testing.media_memory import PREFIX, media_in_memory
from reel_testing.plugin import NewBucket
from transcode_service.domain.layout import CACHE_CONTROL, CONTENT_TYPES
from transcode_service.domain.packaging import FMP4, PACKAGINGS, Packaging, PackagingName
from transcode_service.domain.transcoding import TranscodeResult

MakeFilm = Callable[[str, float], Awaitable[Path]]
SECONDS: Final = 8.0
FRAMES: Final = 240
LABELS: Final = ("720p", "480p")
TABLES: Final = {0x0000, 0x0011}
"""Packet identifiers of the tables that MPEG-TS of FFmpeg begins with: PAT and SDT."""
STREAMS: Final = range(0x0100, 0x0200)
WITH_B_FRAMES: Final = "superfast"
"""The fastest preset whose pictures are not in the order they are shown in."""


@dataclass(frozen=True)
class Published:
    """A film of 8 s with a keyframe every 2 s, as it lies in the store, keys below its prefix."""

    packaging: Packaging
    result: TranscodeResult
    objects: dict[str, bytes]
    folder: Path

    def master(self) -> MasterPlaylist:
        found = parse(self.objects["master.m3u8"].decode(), "master.m3u8")
        assert isinstance(found, MasterPlaylist)
        return found

    def playlist(self, name: str) -> MediaPlaylist:
        found = parse(self.objects[name].decode(), name)
        assert isinstance(found, MediaPlaylist)
        return found

    def segments(self, label: str) -> list[str]:
        return [one.uri for one in self.playlist(f"{label}/playlist.m3u8").segments]

    def joined(self, label: str) -> Path:
        """Write a rendition as one file that plays."""
        init = self.packaging.init
        names = [*([f"{label}/{init}"] if init else []), *self.segments(label)]
        film = self.folder / f"{label}.film"
        film.write_bytes(b"".join(self.objects[name] for name in names))
        return film

    def i_frame(self, segment: Segment) -> bytes:
        """Return the bytes that the playlist names for one I-frame."""
        assert segment.part is not None
        return self.objects[segment.uri][segment.part.start : segment.part.end]

    def decodable(self, label: str, segment: Segment) -> bytes:
        """Return what a player has: one I-frame, after the initialization section or tables."""
        data, init = self.objects[segment.uri], self.packaging.init
        section = self.objects[f"{label}/{init}"] if init else data[: _tables_end(data)]
        return section + self.i_frame(segment)


def _tables_end(data: bytes) -> int:
    """MPEG-TS begins with its tables; the first packet of a stream starts the picture."""
    streams = (number for number, one in enumerate(_identifiers(data)) if one in STREAMS)
    return PACKET_BYTES * next(streams)


def _identifiers(data: bytes) -> list[int]:
    starts = range(0, len(data), PACKET_BYTES)
    return [(data[start + 1] & 0x1F) << 8 | data[start + 2] for start in starts]


@pytest.fixture(scope="module", params=PACKAGINGS)
def packaging(request: pytest.FixtureRequest) -> Packaging:
    name: PackagingName = request.param
    return PACKAGINGS[name]


@pytest.fixture(scope="module")
async def published(
    packaging: Packaging, make_film: MakeFilm, tmp_path_factory: pytest.TempPathFactory
) -> Published:
    folder = tmp_path_factory.mktemp(f"published-{packaging.name}")
    async with media_in_memory(folder, packaging) as quick:
        settings = replace(quick.deps.settings, preset=WITH_B_FRAMES)
        media = replace(quick, deps=replace(quick.deps, settings=settings))
        made = await media.transcode(await make_film("mp4", SECONDS), LABELS)
        objects = {
            key.removeprefix(f"{PREFIX}/"): data
            for key, data in media.store.objects.items()
            if key.startswith(PREFIX)
        }
    return Published(packaging, made.result, objects, folder)


async def test_the_proof_finds_nothing_amiss(published: Published) -> None:
    assert published.result.verdict.findings == ()
    assert published.result.verdict.playlists == 1 + 2 * len(LABELS)


async def test_nothing_is_published_but_what_the_playlists_name(published: Published) -> None:
    suffix, init = published.packaging.segment_suffix, published.packaging.init
    each = {"playlist.m3u8", "iframes.m3u8", f"seg_00000{suffix}", f"seg_00001{suffix}"}
    each |= {init} if init else set()

    renditions = {f"{label}/{name}" for label in LABELS for name in each}
    assert renditions <= published.objects.keys()
    assert {name for name in published.objects if name.startswith(LABELS)} == renditions


@pytest.mark.parametrize("label", LABELS)
async def test_a_film_decodes_to_its_last_frame(published: Published, label: str) -> None:
    film = published.joined(label)

    assert await asyncio.to_thread(ffmpeg.decode, film) == FRAMES


@pytest.mark.parametrize("label", LABELS)
async def test_no_picture_refers_across_a_keyframe(published: Published, label: str) -> None:
    with av.open(str(published.joined(label))) as film:
        packets = [one for one in film.demux(video=0) if one.pts is not None]

    latest, keyframes = 0, 0
    for packet in packets:
        latest = packet.pts or 0 if packet.is_keyframe else latest
        keyframes += packet.is_keyframe
        assert (packet.pts or 0) >= latest, "a picture is shown before the keyframe it follows"
    assert keyframes == SECONDS / 2


@pytest.mark.parametrize("label", LABELS)
async def test_each_i_frame_is_one_picture_without_the_rest(
    published: Published, label: str
) -> None:
    playlist = published.playlist(f"{label}/iframes.m3u8")

    pictures = [_pictures(published.decodable(label, one)) for one in playlist.segments]
    assert [len(found) for found in pictures] == [1] * 4
    starts_s = [found[0] - pictures[0][0] for found in pictures]
    assert starts_s == pytest.approx([0.0, 2.0, 4.0, 6.0], abs=0.001)


def _pictures(data: bytes) -> list[float]:
    """Decode what there is; the rest of a fragment is missing on purpose."""
    found: list[float] = []
    with av.open(io.BytesIO(data), "r") as film, suppress(FFmpegError):
        found.extend(frame.time or 0.0 for frame in film.decode(video=0))
    return found


@pytest.mark.parametrize("label", LABELS)
async def test_i_frames_last_as_long_as_the_film(published: Published, label: str) -> None:
    playlist = published.playlist(f"{label}/iframes.m3u8")

    assert playlist.i_frames_only
    assert playlist.ended
    assert [one.extinf_s for one in playlist.segments] == pytest.approx([2.0] * 4, abs=1e-6)


async def test_the_master_offers_every_rung_and_its_i_frames(published: Published) -> None:
    master = published.master()

    assert {one.uri for one in master.variants} == {f"{label}/playlist.m3u8" for label in LABELS}
    trick = {one.uri: one for one in master.i_frames}
    assert trick.keys() == {f"{label}/iframes.m3u8" for label in LABELS}
    for one in master.variants:
        told = trick[one.uri.replace("playlist", "iframes")]
        assert told.codecs == {codec for codec in one.codecs if codec.startswith("avc1.")}
        assert told.resolution == one.resolution
        assert told.bandwidth < one.bandwidth


async def test_a_segment_begins_with_what_its_i_frames_need(published: Published) -> None:
    first = published.objects[published.segments("480p")[0]]

    if published.packaging is FMP4:
        assert _boxes(published.objects["480p/init.mp4"]) == [b"ftyp", b"moov"]
        assert _boxes(first) == [b"styp", *[b"moof", b"mdat"] * 3]
    else:
        shown = published.playlist("480p/iframes.m3u8").segments
        assert _identifiers(first)[0] in TABLES
        assert [len(set(_identifiers(published.i_frame(one)))) for one in shown] == [1] * 4


def _boxes(data: bytes) -> list[bytes]:
    kinds, position = list[bytes](), 0
    while position < len(data):
        box = read_box(data[position : position + 16], position, len(data))
        kinds.append(box.kind)
        position = box.end
    return kinds


async def test_every_object_has_its_type_and_may_be_kept_for_ever(
    packaging: Packaging, infra: Infra, new_bucket: NewBucket, make_film: MakeFilm, tmp_path: Path
) -> None:
    name = await new_bucket()
    async with (
        media_bucket(infra, name, tmp_path / "work", packaging) as bucket,
        s3_client(infra.s3) as client,
    ):
        result = await bucket.transcode(await make_film("3gp", SECONDS))

        prefix = result.assets[0].file_key.rpartition("/")[0]
        keys = [found.key async for found in bucket.admin.list_prefix(prefix)]
        heads = {key: await client.head_object(Bucket=name, Key=key) for key in keys}

    segments = {".mp4", ".m4s"} if packaging is FMP4 else {".ts"}
    assert {Path(key).suffix for key in keys} == {".jpg", ".vtt", ".m3u8"} | segments
    for key, head in heads.items():
        assert head["ContentType"] == CONTENT_TYPES[Path(key).suffix], key
        assert head["CacheControl"] == CACHE_CONTROL, key
