"""Films with more in them than a picture and a sound, and films that nothing can be made of."""

import struct
from collections.abc import Mapping
from typing import Final

from reel_testing.film_card import SDR, STEREO, Case, Patch
from reel_testing.hostile import everywhere, field
from transcode_service.domain.media_errors import Rejection

MPEG2: Final = ("-c:v", "mpeg2video", "-q:v", "4", "-pix_fmt", "yuv420p")
PCM: Final = ("-c:a", "pcm_s16le")
LARGER_STILL: Final = ("-f", "lavfi", "-i", "color=red:s=640x360:r=25:d=0.04")
SMALLER_FILM: Final = ("-f", "lavfi", "-i", "color=red:s=160x90:r=25:d=1")
WORDS: Final = ("-f", "srt", "-i", "data:,1%0A00:00:00,000%20--%3E%2000:00:00,900%0AHello%0A%0A")
COVER: Final = ("-map", "2:v", "-c:v:1", "mjpeg")
COVER_FLAG: Final = ("-disposition:v:1", "attached_pic")


def renamed(*names: tuple[bytes, bytes]) -> Patch:
    """Return what gives boxes, handlers or codecs another name."""

    def patch(film: bytes) -> bytes:
        for old, new in names:
            film = film.replace(old, new)
        return film

    return patch


def in_turn(*patches: Patch) -> Patch:
    """Return one patch out of several."""

    def patch(film: bytes) -> bytes:
        for each in patches:
            film = each(film)
        return film

    return patch


CHOICE: Final[Mapping[str, Case]] = {
    "mpeg-2-mov": Case(extension="mov", picture=MPEG2, sound=PCM),
    "mpeg-2-avi": Case(extension="avi", light=SDR, picture=MPEG2, sound=("-c:a", "ac3")),
    "a-third-of-a-second": Case(seconds=0.32, sounds=((STEREO, 0.32),), lasts_s=0.32),
    "cover-art": Case(
        inputs=LARGER_STILL, more=(*COVER, *COVER_FLAG), why=("streams: skipped cover picture",)
    ),
    "second-video": Case(
        extension="mov",
        inputs=SMALLER_FILM,
        more=("-map", "2:v"),
        why=("streams: skipped smaller H264 picture",),
    ),
    "subtitles": Case(inputs=WORDS, more=("-map", "2:s", "-c:s", "mov_text")),
    "metadata-track-mebx": Case(
        extension="mov",
        inputs=WORDS,
        more=("-map", "2:s", "-c:s", "mov_text"),
        patch=renamed((b"sbtl", b"meta"), (b"text", b"meta"), (b"tx3g", b"mebx")),
    ),
    "metadata-track-gpmd": Case(
        inputs=WORDS,
        more=("-map", "2:s", "-c:s", "mov_text"),
        patch=renamed((b"sbtl", b"meta"), (b"tx3g", b"gpmd")),
    ),
}
"""What is chosen is the card and the tone, as everywhere."""

REFUSED: Final[Mapping[str, tuple[Case, Rejection]]] = {
    "sound-alone": (Case(extension="mov", more=("-map", "-0:v")), Rejection.NO_VIDEO_STREAM),
    "sound-with-a-cover": (
        Case(
            inputs=LARGER_STILL,
            more=(
                *("-map", "-0:v", "-map", "2:v", "-c:v:0", "mjpeg"),
                *("-disposition:v:0", "attached_pic"),
            ),
        ),
        Rejection.NO_VIDEO_STREAM,
    ),
    "undecodable-picture": (
        Case(extension="mov", patch=renamed((b"avc1", b"zzzz"))),
        Rejection.UNSUPPORTED_FORMAT,
    ),
    "no-frames": (
        Case(
            more=("-movflags", "+frag_keyframe+empty_moov"),
            patch=lambda film: film[: film.index(b"moof") - 4],
        ),
        Rejection.SOURCE_CORRUPT,
    ),
    "no-duration": (
        Case(
            extension="mov",
            sounds=(),
            patch=in_turn(
                renamed((b"edts", b"free")),
                everywhere(b"mvhd", 16, bytes(4)),
                everywhere(b"mdhd", 16, bytes(4)),
                field(b"stts", 12, bytes(4)),
            ),
        ),
        Rejection.SOURCE_CORRUPT,
    ),
    "too-long": (
        Case(
            extension="mov",
            sounds=(),
            patch=in_turn(
                renamed((b"edts", b"free")),
                everywhere(b"mdhd", 12, struct.pack(">II", 1, 20_000)),
                field(b"stts", 12, struct.pack(">I", 800)),
            ),
        ),
        Rejection.SOURCE_TOO_LONG,
    ),
    "too-many-pixels": (
        Case(
            extension="avi",
            light="format=bgr24",
            picture=("-c:v", "rawvideo", "-pix_fmt", "bgr24"),
            sound=PCM,
            patch=field(b"strf", 8, struct.pack("<ii", 16384, 8192)),
        ),
        Rejection.SOURCE_TOO_MANY_PIXELS,
    ),
    "cut-off": (Case(patch=lambda film: film[: len(film) * 3 // 4]), Rejection.SOURCE_TRUNCATED),
    "tail-of-garbage": (Case(patch=lambda film: film + bytes(5000)), Rejection.SOURCE_CORRUPT),
    "no-film": (Case(patch=lambda _film: b"#EXTM3U\n" * 99), Rejection.UNSUPPORTED_FORMAT),
}
"""Films that end in a reason."""
