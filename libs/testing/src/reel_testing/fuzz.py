"""Damaged films through the pipeline: up to FFmpeg's door, or all the way."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Final

from reel_kernel.media import MIME_BY_EXTENSION, MIMES
from reel_testing import film_card
from reel_testing.film_card import X264, Case
from reel_testing.film_matrix import HEVC10, JPEG
from reel_testing.film_matrix_sound import MONO, PCM
from reel_testing.media_memory import media_over
from reel_testing.mutations import Damaged, damaged
from reel_testing.transcode_media import BytesStore, ScriptedEncoder
from transcode_service.domain.media_errors import SourceRejected
from transcode_service.domain.plan import Plan
from transcode_service.domain.transcoding import SourceRef, TranscodeResult
from transcode_service.ports.media import MediaDeps
from transcode_service.usecases.transcode import transcode

AT_ONCE: Final = 4
SMALL: Final = (160, 90)
MPEG4: Final = ("-c:v", "mpeg4", "-q:v", "6")

FAMILIES: Final[Mapping[str, tuple[Case, ...]]] = {
    "mov": (
        Case(extension="mov", size=SMALL, rotation=90),
        Case(extension="mov", size=SMALL, sound=PCM),
        Case(size=SMALL, more=("-movflags", "+faststart")),
        Case(size=SMALL, picture=(*X264, "-g", "8"), more=("-movflags", "+frag_keyframe")),
        Case(size=SMALL, picture=HEVC10),
    ),
    "3gp": (
        Case(
            extension="3gp",
            size=(176, 144),
            picture=("-c:v", "h263"),
            sounds=((f"{MONO},aresample=8000", 1.0),),
            sound=("-c:a", "libopencore_amrnb"),
        ),
        Case(extension="3gp", size=(176, 144), picture=MPEG4),
    ),
    "avi": (
        Case(extension="avi", size=SMALL, picture=MPEG4, sound=("-c:a", "libmp3lame")),
        Case(extension="avi", size=SMALL, light="null", picture=JPEG, sound=PCM),
        Case(extension="avi", size=SMALL, picture=X264),
    ),
    "wmv": (
        Case(
            extension="wmv",
            size=SMALL,
            picture=("-c:v", "wmv2", "-q:v", "6"),
            sound=("-c:a", "wmav2"),
        ),
        Case(extension="wmv", size=SMALL, picture=("-c:v", "wmv1", "-q:v", "6")),
    ),
}
"""Whole films by family, each of another layout or codec."""


@dataclass(frozen=True, slots=True)
class Seed:
    """A whole film to be damaged."""

    name: str
    film: bytes
    mime: str

    def damaged(self, number: str) -> Damaged:
        return damaged(self.film, MIMES[self.mime][1], number)


@dataclass(frozen=True, slots=True)
class Passed:
    """A damaged film that was not refused: what it declared, and what came out if it was made."""

    declared_s: float | None
    result: TranscodeResult | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a damaged film; `ended` is an error, or that it passed."""

    number: str
    by: str
    ended: Exception | Passed
    took_s: float

    @property
    def refused(self) -> bool:
        return isinstance(self.ended, SourceRejected)


Run = Callable[[str, bytes, str], Awaitable[Passed]]
"""Name, bytes and type of a film → what it came to."""


def make_seeds(family: str, folder: Path) -> list[Seed]:
    """Write the whole films of a family. Blocks; raises FfmpegFailed."""
    seeds: list[Seed] = []
    for number, case in enumerate(FAMILIES[family]):
        (place := folder / str(number)).mkdir()
        film = film_card.make(case, place)
        mime = MIME_BY_EXTENSION[case.extension]
        seeds.append(Seed(f"{family}-{number}", film.read_bytes(), mime))
    return seeds


class Fed(Exception):
    """Every byte of the stream arrived where FFmpeg would take it."""


@dataclass(frozen=True, slots=True)
class Fuzzer:
    """Runs damaged films, several at once; `folder` takes the work in flight."""

    deps: MediaDeps
    folder: Path

    async def feed(self, seeds: Sequence[Seed], count: int) -> list[Outcome]:
        """Damage the seeds in `count` ways: probe, plan and feed each."""
        return await _each(range(count), seeds, self._fed)

    async def make(self, seeds: Sequence[Seed], numbers: range) -> list[Outcome]:
        """Damage the seeds in these ways, and make of each what can be made."""
        return await _each(numbers, seeds, self._made)

    async def _fed(self, name: str, film: bytes, mime: str) -> Passed:
        deps = replace(self.deps, encoder=ScriptedEncoder(failure=Fed()))
        plans: list[Plan] = []
        with suppress(Fed):
            await self._transcode(name, SourceRef("source", len(film), mime), film, deps, plans)
        return Passed(plans[0].duration_s, None)

    async def _made(self, name: str, film: bytes, mime: str) -> Passed:
        plans: list[Plan] = []
        source = SourceRef("source", len(film), mime)
        result = await self._transcode(name, source, film, self.deps, plans)
        return Passed(plans[0].duration_s, result)

    async def _transcode(
        self, name: str, source: SourceRef, film: bytes, deps: MediaDeps, plans: list[Plan]
    ) -> TranscodeResult:
        async def on_plan(plan: Plan) -> None:
            plans.append(plan)

        return await transcode(
            source,
            prefix="hls",
            qualities=("480p",),
            work_dir=self.folder / name,
            deps=media_over(BytesStore({source.key: film}), deps),
            on_plan=on_plan,
        )


async def _each(numbers: Iterable[int], seeds: Sequence[Seed], run: Run) -> list[Outcome]:
    outcomes: list[Outcome] = []
    left = iter(numbers)

    async def work() -> None:
        for number in left:
            seed = seeds[number % len(seeds)]
            outcomes.append(await _one(f"{seed.name}-{number}", seed, run))

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work())
    return outcomes


async def _one(number: str, seed: Seed, run: Run) -> Outcome:
    film, started = seed.damaged(number), monotonic()
    try:
        ended = await run(number, film.data, seed.mime)
    except Exception as error:  # noqa: BLE001 - which one is what the test is about
        ended = error
    return Outcome(number, film.by, ended, monotonic() - started)
