"""Reads a presentation over a fetcher, and judges it."""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from typing import Any, Final, TypeVar

from reel_hls.declared import check_i_frame_variant, check_variant
from reel_hls.facts import SegmentFacts
from reel_hls.fetching import Fetcher, NotThere
from reel_hls.findings import Code, Finding, Report, error, warning
from reel_hls.fmp4 import Track
from reel_hls.i_frames import check_i_frames, pictures_of
from reel_hls.measure import BrokenSegment, measure_fmp4, measure_ts, read_init
from reel_hls.playlists import (
    BadPlaylist,
    ByteRange,
    MasterPlaylist,
    MediaPlaylist,
    Segment,
    Variant,
    parse,
)
from reel_hls.presentation import Presentation, Rendition
from reel_hls.tags import check_tags
from reel_hls.timeline import check_playlist, check_rendition, check_together

MAX_PLAYLIST_BYTES: Final = 4 * 1024 * 1024
SEGMENTS_AT_ONCE: Final = 8

T = TypeVar("T")
Init = tuple[str, ByteRange | None]


async def inspect(fetcher: Fetcher, uri: str) -> Report:
    """Check the VOD whose master or media playlist is at `uri`.

    Raises:
        NotThere: there is nothing at `uri` itself; what else is missing is a finding.
        CannotFetch: the origin failed, so that nothing can be said.
    """
    return await _Inspection(fetcher).run(uri)


class _Inspection:
    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._slots = asyncio.Semaphore(SEGMENTS_AT_ONCE)
        self._findings: list[Finding] = []
        self._playlists: dict[str, MasterPlaylist | MediaPlaylist | None] = {}
        self._inits: dict[Init, dict[int, Track] | None] = {}
        self._bytes = 0

    async def run(self, uri: str) -> Report:
        await self._read_playlist(uri)
        presentation = await self._presentation(self._playlists[uri])
        self._findings += _judge(presentation)
        renditions = presentation.renditions.values()
        return Report(
            uri=uri,
            findings=tuple(dict.fromkeys(self._findings)),
            playlists=len(self._playlists),
            segments=sum(len(rendition.segments) for rendition in renditions),
            bytes_read=self._bytes,
            duration_s=max((rendition.duration_s for rendition in renditions), default=0.0),
        )

    async def _presentation(self, top: MasterPlaylist | MediaPlaylist | None) -> Presentation:
        if isinstance(top, MasterPlaylist):
            uris = dict.fromkeys(one.uri for one in (*top.variants, *top.i_frames, *top.audio))
            await _all(self._read_playlist(uri) for uri in uris if uri not in self._playlists)
        media = [found for found in self._playlists.values() if isinstance(found, MediaPlaylist)]
        whole = [playlist for playlist in media if not playlist.i_frames_only]
        renditions = {one.playlist.uri: one for one in await self._measure_all(whole)}
        known = {segment.uri for playlist in whole for segment in playlist.segments}
        i_frames = [playlist for playlist in media if playlist.i_frames_only]
        measured = await self._measure_all(i_frames, skipped=known)
        return Presentation(
            master=top if isinstance(top, MasterPlaylist) else None,
            renditions=renditions,
            i_frames={one.playlist.uri: one for one in measured},
        )

    async def _read_playlist(self, uri: str) -> None:
        top = not self._playlists
        self._playlists[uri] = None
        try:
            piece = await self._fetcher.read(uri, 0, MAX_PLAYLIST_BYTES)
            self._bytes += len(piece.data)
            text = piece.data.decode("utf-8")
            self._findings += check_tags(text, uri)
            self._playlists[uri] = parse(text, uri)
        except NotThere as missing:
            if top:
                raise
            self._report(error(Code.MISSING, uri, str(missing)))
        except (BadPlaylist, UnicodeDecodeError) as bad:
            self._report(error(Code.BAD_PLAYLIST, uri, str(bad)))

    async def _measure_all(
        self, playlists: Iterable[MediaPlaylist], *, skipped: Iterable[str] = ()
    ) -> list[Rendition]:
        skipped, playlists = frozenset(skipped), list(playlists)
        await self._read_inits(playlists)
        return [
            Rendition(
                playlist,
                tuple(
                    await _all(
                        self._measure(playlist, segment, skipped=segment.uri in skipped)
                        for segment in playlist.segments
                    )
                ),
            )
            for playlist in playlists
        ]

    async def _read_inits(self, playlists: Iterable[MediaPlaylist]) -> None:
        wanted = dict.fromkeys(
            segment.init for playlist in playlists for segment in playlist.segments if segment.init
        )
        await _all(self._read_init(init) for init in wanted if init not in self._inits)

    async def _read_init(self, init: Init) -> None:
        self._inits[init] = None
        try:
            self._inits[init] = await read_init(self._fetcher, *init)
        except NotThere as missing:
            self._report(error(Code.MISSING, init[0], str(missing)))
        except BrokenSegment as broken:
            self._report(error(Code.SEGMENT_BROKEN, init[0], str(broken)))

    async def _measure(
        self, playlist: MediaPlaylist, segment: Segment, *, skipped: bool
    ) -> SegmentFacts | None:
        if skipped or playlist.encrypted:
            return None
        try:
            async with self._slots:
                facts = await self._facts(segment)
        except NotThere as missing:
            self._report(error(Code.MISSING, segment.uri, str(missing)))
        except BrokenSegment as broken:
            self._report(error(Code.SEGMENT_BROKEN, segment.uri, str(broken)))
        else:
            self._bytes += facts.read_bytes if facts else 0
            return facts
        return None

    async def _facts(self, segment: Segment) -> SegmentFacts | None:
        if segment.init is None:
            return await measure_ts(self._fetcher, segment)
        known = self._inits[segment.init]
        return await measure_fmp4(self._fetcher, segment, known) if known is not None else None

    def _report(self, finding: Finding) -> None:
        self._findings.append(finding)


def _judge(presentation: Presentation) -> Iterator[Finding]:
    master = presentation.master
    for rendition in presentation.renditions.values():
        playlist = rendition.playlist
        independent = playlist.independent or (master is not None and master.independent)
        yield from check_playlist(playlist)
        yield from check_rendition(rendition, independent=independent)
        if playlist.encrypted:
            message = "its segments are encrypted and were not measured"
            yield warning(Code.ENCRYPTED, playlist.uri, message)
    for rendition in presentation.i_frames.values():
        yield from check_playlist(rendition.playlist)
        yield from check_i_frames(rendition.playlist, presentation)
    yield from check_together(presentation)
    for variant in master.variants if master else ():
        yield from check_variant(variant, presentation)
    for variant in master.i_frames if master else ():
        yield from _check_i_frame_variant(variant, presentation)


def _check_i_frame_variant(variant: Variant, presentation: Presentation) -> Iterator[Finding]:
    rendition = presentation.i_frames.get(variant.uri)
    if rendition:
        pictures = pictures_of(rendition.playlist, presentation)
        yield from check_i_frame_variant(variant, rendition, pictures)
    elif variant.uri in presentation.renditions:
        message = "an I-frame playlist has an EXT-X-I-FRAMES-ONLY"
        yield error(Code.I_FRAME_RANGE, variant.uri, message)


async def _all(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Run everything at once; the first failure, as it was raised, ends the rest."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures
    return [task.result() for task in tasks]
