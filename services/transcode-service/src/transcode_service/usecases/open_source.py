"""Finding out how a source must be streamed, with a few small reads."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from reel_hls.isobmff import (
    LARGE_HEADER_BYTES,
    Box,
    MalformedBox,
    TopLevelScan,
    read_box,
)
from reel_kernel.media import MIMES, Container, matches_declared, sniff_container
from transcode_service.domain.containers import ROWS, ChunkScan
from transcode_service.domain.disorder import Disorder
from transcode_service.domain.faststart import (
    check_samples_present,
    faststart,
    fragmented_duration_s,
    is_fragmented,
)
from transcode_service.domain.index_tables import check_index
from transcode_service.domain.media_errors import Rejection, SourceRejected
from transcode_service.domain.parts import FileRange, Literal, Part, leading_bytes, total_bytes
from transcode_service.domain.tracks import Track, read_tracks
from transcode_service.domain.transcoding import SourceRef
from transcode_service.domain.weaving import weave
from transcode_service.ports.media import SourceStore
from transcode_service.usecases.source_reader import SourceReader
from transcode_service.usecases.whole_source import check_whole

HEAD_BYTES: Final = 2 * 1024 * 1024
MAX_BOXES: Final = 64
MAX_INDEX_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedSource:
    """A source, and the order in which its bytes go into FFmpeg.

    `head` is its first `HEAD_BYTES`. `declared_s` is the length a fragmented film's index tells,
    None when it does not; it means nothing for others. `tracks` are empty unless ISO-BMFF.
    `unsized` is an AVI whose recorder left its sizes at zero. `disorder` is what made it necessary
    to interleave a film anew.
    """

    reader: SourceReader
    head: bytes
    container: Container
    parts: tuple[Part, ...]
    fragmented: bool = False
    unsized: bool = False
    declared_s: float | None = None
    tracks: tuple[Track, ...] = ()
    disorder: Disorder | None = None

    @property
    def stream_bytes(self) -> int:
        return total_bytes(self.parts)

    async def leading(self, length: int) -> bytes:
        """Return the stream's first bytes: a moved index, and `length` bytes of the file."""
        if self.disorder is not None:
            return await self._first_bytes(length)
        head = self.head if length <= len(self.head) else await self.reader.read(0, length)
        return leading_bytes(self.parts, head)

    async def _first_bytes(self, length: int) -> bytes:
        literal = sum(part.size for part in self.parts if isinstance(part, Literal))
        first = bytearray()
        async with aclosing(self.reader.stream(self.parts)) as chunks:
            async for chunk in chunks:
                first += chunk
                if len(first) >= literal + length:
                    break
        return bytes(first[: literal + length])

    async def stream(self) -> AsyncGenerator[bytes]:
        """Yield the stream in order.

        Raises:
            SourceRejected: SOURCE_MISSING or SOURCE_CHANGED meanwhile; SOURCE_TRUNCATED at the
                end of a film without an index of its whole, whose last box or chunk is cut off.
            StoreUnavailable: reading failed after its retries.
        """
        scan = self._scan()
        async with aclosing(self.reader.stream(self.parts)) as chunks:
            async for chunk in chunks:
                if scan is not None:
                    scan.feed(chunk)
                yield chunk
        if scan is not None and not scan.complete:
            raise SourceRejected(Rejection.SOURCE_TRUNCATED, "the last box or chunk is cut off")

    def _scan(self) -> TopLevelScan | ChunkScan | None:
        if self.fragmented:
            return TopLevelScan()
        return ChunkScan() if self.unsized else None


@dataclass(frozen=True, slots=True)
class _Index:
    """`moov` and the `box` it lies in, where a leading `ftyp` ends, samples without a size."""

    ftyp_end: int
    box: Box
    moov: bytes
    unended: Box | None


async def open_source(source: SourceRef, store: SourceStore) -> OpenedSource:
    """Look at a source's head, and at its index wherever that is.

    Raises:
        SourceRejected: SOURCE_MISSING, SOURCE_CHANGED (another size than admitted),
            UNSUPPORTED_FORMAT, SOURCE_TRUNCATED (it ends before its headers say),
            SOURCE_CORRUPT (its index makes no sense, or something else lies behind the film).
        StoreUnavailable: reading failed after its retries.
    """
    reader = await _found(source, store)
    head = await reader.read(0, HEAD_BYTES)
    container = _container(head, source.mime)
    if container is Container.ISO_BMFF:
        return await _open_iso_bmff(reader, head)
    sized = await check_whole(reader, ROWS[container])
    return OpenedSource(
        reader=reader,
        head=head,
        container=container,
        parts=(FileRange(0, reader.size_bytes),),
        unsized=container is Container.AVI and not sized,
    )


async def _found(source: SourceRef, store: SourceStore) -> SourceReader:
    found = await store.head(source.key)
    if found is None:
        raise SourceRejected(Rejection.SOURCE_MISSING, "there is no source object")
    if found.size_bytes != source.size_bytes:
        detail = f"{source.size_bytes} bytes were admitted, {found.size_bytes} are there"
        raise SourceRejected(Rejection.SOURCE_CHANGED, detail)
    return SourceReader(store, key=source.key, etag=found.etag, size_bytes=found.size_bytes)


def _container(head: bytes, mime: str) -> Container:
    container = sniff_container(head)
    if container is None or (mime in MIMES and not matches_declared(mime, container)):
        detail = f"declared {mime}, found {container or 'no film'}"
        raise SourceRejected(Rejection.UNSUPPORTED_FORMAT, detail)
    return container


async def _open_iso_bmff(reader: SourceReader, head: bytes) -> OpenedSource:
    """An index may be long: it is worked on beside the event loop."""
    try:
        ftyp_end, box = await _find_moov(reader)
        moov = await reader.read(box.start, box.size)
        await asyncio.to_thread(check_index, moov)
        unended = None if is_fragmented(moov) else await _find_unended(reader, box.end)
        index = _Index(ftyp_end, box, moov, unended)
        opened = await asyncio.to_thread(_indexed, reader, head, index)
    except MalformedBox as error:
        raise SourceRejected(Rejection.SOURCE_CORRUPT, str(error)) from error
    if not opened.fragmented:
        await check_whole(reader, ROWS[Container.ISO_BMFF], box.end)
    return opened


def _indexed(reader: SourceReader, head: bytes, index: _Index) -> OpenedSource:
    moov, file_bytes = index.moov, reader.size_bytes
    check_samples_present(moov, file_bytes)
    fragmented = is_fragmented(moov)
    rewoven = None
    if not fragmented:
        rewoven = weave(moov, ftyp_end=index.ftyp_end, file_bytes=file_bytes)
    return OpenedSource(
        reader=reader,
        head=head,
        container=Container.ISO_BMFF,
        parts=rewoven.parts if rewoven else _parts(index, file_bytes, fragmented=fragmented),
        fragmented=fragmented,
        declared_s=fragmented_duration_s(moov) if fragmented else None,
        tracks=read_tracks(moov),
        disorder=rewoven.disorder if rewoven else None,
    )


def _parts(index: _Index, file_bytes: int, *, fragmented: bool) -> tuple[Part, ...]:
    """A film whose index comes first, or all along it, goes as it is."""
    if fragmented or (index.box.start == index.ftyp_end and index.unended is None):
        return (FileRange(0, file_bytes),)
    return faststart(
        moov_box=index.box,
        moov=index.moov,
        ftyp_end=index.ftyp_end,
        file_bytes=file_bytes,
        unended=index.unended,
    )


async def _find_unended(reader: SourceReader, position: int) -> Box | None:
    """Return the samples that go on to the end of the file, if any; they come after the index."""
    for _ in range(MAX_BOXES):
        if position >= reader.size_bytes:
            return None
        header = await reader.read(position, LARGE_HEADER_BYTES)
        try:
            box = read_box(header, position, reader.size_bytes)
        except MalformedBox:  # a writer's own notes
            return None
        if box.kind == b"mdat" and not any(header[:4]):
            return box
        position = box.end
    return None


async def _find_moov(reader: SourceReader) -> tuple[int, Box]:
    """Walk the top-level boxes up to `moov`; return where a leading `ftyp` ends, and `moov`."""
    position, ftyp_end = 0, 0
    for _ in range(MAX_BOXES):
        header = await reader.read(position, LARGE_HEADER_BYTES)
        box = read_box(header, position, reader.size_bytes)
        _check_box(box, reader.size_bytes)
        if box.kind == b"moov":
            return ftyp_end, box
        if box.kind == b"ftyp" and position == 0:
            ftyp_end = box.end
        position = box.end
    raise SourceRejected(Rejection.SOURCE_CORRUPT, f"no index within {MAX_BOXES} boxes")


def _check_box(box: Box, file_bytes: int) -> None:
    if box.end > file_bytes:
        detail = f"the {box.name} box should end at {box.end}, the file ends at {file_bytes}"
        raise SourceRejected(Rejection.SOURCE_TRUNCATED, detail)
    if box.kind == b"moov" and box.size > MAX_INDEX_BYTES:
        raise SourceRejected(Rejection.SOURCE_CORRUPT, f"an index of {box.size} bytes")
    if box.kind != b"moov" and box.end == file_bytes:
        raise SourceRejected(Rejection.SOURCE_TRUNCATED, "the file ends without an index")
