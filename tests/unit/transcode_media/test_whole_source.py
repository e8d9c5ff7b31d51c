"""A file is whole when it is a row of boxes, chunks or objects from its first byte to its last."""

import struct
from contextlib import aclosing

import pytest

from reel_testing.boxes import FTYP, MOOV, Mdat, box, film
from reel_testing.transcode_media import BytesStore
from transcode_service.domain.media_errors import Rejection, SourceRejected
from transcode_service.domain.transcoding import SourceRef
from transcode_service.usecases.open_source import open_source
from transcode_service.usecases.whole_source import MAX_TAIL_PIECES

SAMPLES = Mdat((b"a" * 3000, b"b" * 2000))
FRAGMENT = box(b"moof", bytes(40)) + box(b"mdat", bytes(4000))


def chunk(kind: bytes, body: bytes, *, size: int | None = None) -> bytes:
    return struct.pack("<4sI", kind, len(body) if size is None else size) + body


def riff(body: bytes, *, size: int | None = None, kind: bytes = b"AVI ") -> bytes:
    return chunk(b"RIFF", kind + body, size=size)


def asf_object(guid: str, body: bytes) -> bytes:
    return bytes.fromhex(guid) + struct.pack("<Q", 24 + len(body)) + body


PICTURES = [chunk(b"00dc", bytes(1000)), chunk(b"01wb", bytes(250)), chunk(b"ix00", bytes(24))]
MOVI = b"movi" + b"".join(PICTURES) * 3
HEADERS = chunk(b"LIST", b"hdrl" + chunk(b"avih", bytes(56)))
INDEX = chunk(b"idx1", bytes(96))
ASF_HEADER = asf_object("3026b2758e66cf11a6d900aa0062ce6c", bytes(76))
ASF_DATA = asf_object("3626b2758e66cf11a6d900aa0062ce6c", bytes(4876))
ASF_INDEX = asf_object("90080033b1e5cf1189f400a0c90349cb", bytes(100))

EARLY = film([FTYP, MOOV, SAMPLES]).data
LATE = film([FTYP, SAMPLES, MOOV]).data
MVEX = box(b"moov", box(b"mvhd", bytes(100)) + box(b"mvex", b""))
FRAGMENTED = FTYP + MVEX + FRAGMENT * 3
AVI = riff(HEADERS + chunk(b"LIST", MOVI) + INDEX)
UNSIZED_AVI = riff(HEADERS + chunk(b"LIST", MOVI, size=0), size=0)
ASF = ASF_HEADER + ASF_DATA + ASF_INDEX

WHOLE = {
    "mp4, index first": (EARLY, "video/mp4"),
    "mov, index last": (LATE, "video/quicktime"),
    "3gp": (LATE, "video/3gpp"),
    "mp4, fragmented": (FRAGMENTED, "video/mp4"),
    "avi": (AVI, "video/x-msvideo"),
    "avi, sizes left at zero": (UNSIZED_AVI, "video/x-msvideo"),
    "wmv": (ASF, "video/x-ms-wmv"),
}
NOISE = bytes(position * 167 % 251 for position in range(5000))
BY_FAMILY = pytest.mark.parametrize("kind", WHOLE)


async def sent(data: bytes, mime: str) -> bytes:
    source = await open_source(SourceRef("key", len(data), mime), BytesStore({"key": data}))
    async with aclosing(source.stream()) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def reason(data: bytes, mime: str) -> Rejection:
    with pytest.raises(SourceRejected) as rejected:
        await sent(data, mime)
    return rejected.value.reason


@BY_FAMILY
async def test_a_whole_file_is_sent_whole(kind: str) -> None:
    data, mime = WHOLE[kind]

    assert len(await sent(data, mime)) == len(data)


@BY_FAMILY
@pytest.mark.parametrize("missing", [9, 60, 300, 700])
async def test_a_file_cut_off_is_truncated(kind: str, missing: int) -> None:
    data, mime = WHOLE[kind]

    assert await reason(data[:-missing], mime) is Rejection.SOURCE_TRUNCATED


@BY_FAMILY
@pytest.mark.parametrize(
    "garbage",
    [NOISE, bytes(5000), b"\xff" * 5000, b"<html>404</html>" * 9],
    ids=["noise", "zeros", "ones", "text"],
)
async def test_a_file_with_a_tail_of_garbage_is_refused(kind: str, garbage: bytes) -> None:
    data, mime = WHOLE[kind]

    assert await reason(data + garbage, mime) in {
        Rejection.SOURCE_CORRUPT,
        Rejection.SOURCE_TRUNCATED,
    }


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (EARLY + box(b"free", bytes(500)) + box(b"udta", b""), "video/mp4"),
        (LATE + box(b"sefd", bytes(90)), "video/mp4"),
        (LATE + bytes(4), "video/quicktime"),
        (EARLY[: -len(SAMPLES.data)] + Mdat(SAMPLES.chunks, to_end=True).data, "video/mp4"),
        (AVI + chunk(b"JUNK", bytes(100)), "video/x-msvideo"),
        (AVI + riff(bytes(100), kind=b"AVIX") + b"\0", "video/x-msvideo"),
        (ASF + ASF_INDEX, "video/x-ms-wmv"),
    ],
)
async def test_what_recorders_put_after_the_film_is_no_garbage(data: bytes, mime: str) -> None:
    assert len(await sent(data, mime)) == len(data)


async def test_a_tail_of_pieces_without_end_is_refused() -> None:
    tiny = box(b"free", b"") * (MAX_TAIL_PIECES + 1)

    assert await reason(EARLY + tiny, "video/mp4") is Rejection.SOURCE_CORRUPT
    assert await reason(AVI + chunk(b"JUNK", b"") * 10**4, "video/avi") is Rejection.SOURCE_CORRUPT
