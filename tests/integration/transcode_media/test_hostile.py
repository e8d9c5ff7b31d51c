"""Films that were made to do harm come to a typed end, soon, and touch nothing but themselves."""

import asyncio
import struct
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from time import monotonic

import pytest

from reel_testing import film_card
from reel_testing.film_card import Case
from reel_testing.film_matrix import JPEG
from reel_testing.film_matrix_sound import PCM
from reel_testing.fuzz import SMALL
from reel_testing.hostile import (
    U32,
    Edit,
    compressed_index,
    everywhere,
    external,
    field,
    reference_movie,
    subtitled_playlist,
)
from reel_testing.media_memory import MediaInMemory, media_in_memory
from transcode_service.domain.media_errors import Rejection, SourceRejected

LONGEST_S = 60.0
"""Of one film, on a busy machine: none is worth more than a few seconds."""
FASTSTART = Case(size=SMALL, more=("-movflags", "+faststart"))
MOV = Case(extension="mov", size=SMALL)
SOUND = Case(extension="mov", size=SMALL, sound=PCM)
AVI = Case(extension="avi", size=SMALL, light="null", picture=JPEG, sound=PCM)

RAW = Case(
    extension="avi",
    size=SMALL,
    light="format=bgr24",
    picture=("-c:v", "rawvideo", "-pix_fmt", "bgr24"),
    sound=PCM,
)

TOO_LARGE = {Rejection.SOURCE_TOO_MANY_PIXELS}
TOO_LONG = {Rejection.SOURCE_TOO_LONG}
NONSENSE = {Rejection.SOURCE_CORRUPT, Rejection.SOURCE_TRUNCATED, Rejection.NO_VIDEO_STREAM}

EDITED: Mapping[str, tuple[Case, Edit, set[Rejection]]] = {
    "a JPEG of 65500 × 65500": (
        AVI,
        everywhere(b"\xff\xc0", 3, struct.pack(">HH", 65500, 65500)),
        NONSENSE | TOO_LARGE,
    ),
    "raw pictures of 16384 × 8192": (
        RAW,
        field(b"strf", 8, struct.pack("<ii", 16384, 8192)),
        TOO_LARGE,
    ),
    "frames of a million seconds": (
        FASTSTART,
        lambda film: everywhere(b"mdhd", 12, struct.pack(">I", 1))(
            field(b"stts", 12, struct.pack(">I", 10**6))(film)
        ),
        NONSENSE | TOO_LONG,
    ),
    "2^32 samples of one byte": (
        MOV,
        field(b"stsz", 4, struct.pack(">II", 1, U32)),
        NONSENSE,
    ),
    "2^32 samples of sizes to come": (MOV, field(b"stsz", 8, b"\xff" * 4), NONSENSE),
    "2^32 runs of one duration": (MOV, field(b"stts", 4, b"\xff" * 4), NONSENSE),
    "65535 channels": (
        SOUND,
        lambda film: (
            film[: film.index(b"sowt") + 20] + b"\xff\xff" + film[film.index(b"sowt") + 22 :]
        ),
        NONSENSE,
    ),
    "samples in another file": (MOV, external(b"/etc/passwd"), NONSENSE),
}


@pytest.fixture
async def media(tmp_path: Path) -> AsyncGenerator[MediaInMemory]:
    async with media_in_memory(tmp_path) as media:
        yield media


async def refusal(media: MediaInMemory, data: bytes, suffix: str) -> Rejection:
    film = media.folder / f"hostile.{suffix}"
    film.write_bytes(data)
    started = monotonic()
    with pytest.raises(SourceRejected) as rejected:
        await media.transcode(film)
    assert monotonic() - started < LONGEST_S
    return rejected.value.reason


@pytest.mark.parametrize("edit", EDITED)
async def test_a_film_with_monstrous_numbers_is_refused(
    edit: str, media: MediaInMemory, tmp_path: Path
) -> None:
    case, change, reasons = EDITED[edit]
    film = await asyncio.to_thread(film_card.make, case, tmp_path)

    assert await refusal(media, change(film.read_bytes()), case.extension) in reasons


@pytest.mark.parametrize(
    "data",
    [
        reference_movie(b"file:///etc/passwd"),
        compressed_index(3 * 1024**3, 1000),
        compressed_index(1024**3, 100 * 1024**2),
    ],
    ids=["a reference movie", "an index that says 3 GiB", "an index that unpacks a thousandfold"],
)
async def test_a_film_without_tracks_of_its_own_is_refused(
    data: bytes, media: MediaInMemory
) -> None:
    assert await refusal(media, data, "mov") in NONSENSE


async def test_a_playlist_in_an_avi_s_subtitles_is_not_followed(
    media: MediaInMemory, tmp_path: Path
) -> None:
    film = await asyncio.to_thread(film_card.make, AVI, tmp_path)
    film.write_bytes(subtitled_playlist(film.read_bytes()))

    made = await media.transcode(film)

    assert made.result.duration_s == pytest.approx(1.0, abs=0.1)
