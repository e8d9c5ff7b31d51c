"""The story of a transcode, with every machine replaced by a script."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from reel_hls.findings import Code, error, warning
from reel_testing.boxes import FTYP, MOOV, Mdat, film
from reel_testing.transcode_media import (
    BytesStore,
    ScriptedEncoder,
    ScriptedProber,
    ScriptedProver,
    ScriptedPublisher,
)
from transcode_service.domain.command import EncodeSettings
from transcode_service.domain.media_errors import (
    EncodeFailed,
    OutputIncomplete,
    OutputUnproven,
    Rejection,
    SourceRejected,
    StoreUnavailable,
)
from transcode_service.domain.plan import MAX_DURATION_S
from transcode_service.domain.probe import Probe
from transcode_service.domain.transcoding import Phase, Progress, SourceRef, TranscodeResult
from transcode_service.ports.media import MediaDeps
from transcode_service.usecases.failures import most_telling_failure
from transcode_service.usecases.transcode import LONG_HEAD_BYTES, transcode

SOURCE = film([FTYP, Mdat((bytes(5000), bytes(5000))), MOOV]).data
CODEC = "avc1.640028"
PREFIX = "videos/v/hls"


@dataclass
class Stage:
    """Everything a transcode touches; a test changes what it is about."""

    probe: Probe
    store: BytesStore = field(default_factory=lambda: BytesStore({"source": SOURCE}))
    encoder: ScriptedEncoder = field(default_factory=lambda: ScriptedEncoder(encoded_s=15.0))
    prover: ScriptedProver = field(default_factory=ScriptedProver)
    published_s: float = 30.0
    publishing_failure: Exception | None = None
    sizes: Sequence[int] = (1000, 1000)
    heard: list[Progress] = field(default_factory=list[Progress])

    def __post_init__(self) -> None:
        self.prober = ScriptedProber(self.probe)
        self.publisher = self._publisher()

    def _publisher(self) -> ScriptedPublisher:
        return ScriptedPublisher(
            self.store,
            codec=CODEC,
            duration_s=self.published_s,
            failure=self.publishing_failure,
            sizes=self.sizes,
        )

    async def play(self, wanted: Sequence[str] = ("1080p", "480p")) -> TranscodeResult:
        self.publisher = self._publisher()
        deps = MediaDeps(
            sources=self.store,
            outputs=self.store,
            prober=self.prober,
            encoder=self.encoder,
            publisher=self.publisher,
            proof=self.prover,
            settings=EncodeSettings(preset="veryfast", segment_s=6),
            monotonic=iter(range(100)).__next__,
        )
        source = SourceRef("source", len(SOURCE), "video/quicktime")
        work = Path("/work")
        return await transcode(
            source,
            prefix=PREFIX,
            qualities=wanted,
            work_dir=work,
            deps=deps,
            on_progress=self.heard.append,
        )

    async def rejection(self) -> Rejection:
        with pytest.raises(SourceRejected) as rejected:
            await self.play()
        return rejected.value.reason


@pytest.fixture
def stage(portrait_film: Probe) -> Stage:
    return Stage(portrait_film)


async def test_a_film_becomes_a_master_its_renditions_and_stills(stage: Stage) -> None:
    result = await stage.play()

    assert (result.width, result.height, result.duration_s) == (1080, 1920, 30.0)
    assert [(asset.type, asset.file_key, asset.quality) for asset in result.assets] == [
        ("HLS_MASTER", f"{PREFIX}/master.m3u8", None),
        ("HLS_RENDITION", f"{PREFIX}/1080p/playlist.m3u8", "1080p"),
        ("HLS_RENDITION", f"{PREFIX}/480p/playlist.m3u8", "480p"),
        ("THUMBNAIL", f"{PREFIX}/poster.jpg", None),
        ("THUMBNAIL", f"{PREFIX}/storyboard.vtt", None),
    ]
    assert [asset.container for asset in result.assets[-2:]] == ["jpg", "vtt"]
    rendition = result.assets[1]
    assert (rendition.width, rendition.height) == (1080, 1920)
    assert (rendition.codec, rendition.container) == ("h264/aac", "m3u8")
    assert rendition.bandwidth == round(8 * 1000 / 30)
    assert b'CODECS="avc1.640028,mp4a.40.2"' in stage.store.objects[f"{PREFIX}/master.m3u8"]


async def test_the_storyboard_lasts_as_long_as_what_was_published(stage: Stage) -> None:
    stage.published_s = 29.9

    await stage.play()

    text = stage.store.objects[f"{PREFIX}/storyboard.vtt"].decode()
    cues = [line for line in text.splitlines() if "-->" in line]
    assert cues[0].startswith("00:00:00.000 -->")
    assert cues[-1].endswith("--> 00:00:29.900")
    assert list(stage.store.objects)[-2:] == [f"{PREFIX}/storyboard.vtt", f"{PREFIX}/master.m3u8"]


async def test_a_rendition_that_wins_nothing_is_taken_back(stage: Stage) -> None:
    stage.sizes = (1000, 1020)

    result = await stage.play()

    assert [asset.quality for asset in result.assets if asset.quality] == ["1080p"]
    assert result.left_out == ("480p wins nothing: 272 bit/s, 1080p takes 267",)
    assert not any("480p" in key for key in stage.store.objects)
    assert b"480p" not in stage.store.objects[f"{PREFIX}/master.m3u8"]
    assert result.bytes_out == sum(
        len(data) for key, data in stage.store.objects.items() if key.startswith(PREFIX)
    )


async def test_ffmpeg_gets_the_index_first_and_every_byte(stage: Stage) -> None:
    result = await stage.play()

    assert stage.encoder.received[len(FTYP) + 4 : len(FTYP) + 8] == b"moov"
    assert len(stage.encoder.received) == result.bytes_in == len(SOURCE)
    assert stage.encoder.arguments[:1] == ["-hide_banner"]
    assert stage.encoder.deadline_s == 300 + 30 * 30


async def test_progress_is_told_phase_by_phase(stage: Stage) -> None:
    await stage.play()

    assert stage.heard == [
        Progress(0.0, 0.0, Phase.READING),
        Progress(15.0, 0.5, Phase.ENCODING),
        Progress(30.0, 0.0, Phase.PUBLISHING),
        Progress(30.0, 0.0, Phase.VERIFYING),
    ]


async def test_the_work_directory_is_closed_whatever_happens(stage: Stage) -> None:
    stage.encoder = ScriptedEncoder(failure=EncodeFailed("killed", exit_code=-9))

    with pytest.raises(EncodeFailed, match="killed"):
        await stage.play()

    assert stage.publisher.events == ["opened /work", "dropped", "closed"]
    assert f"{PREFIX}/master.m3u8" not in stage.store.objects


def test_the_source_s_fault_outranks_what_follows_from_it() -> None:
    failures = [StoreUnavailable("down"), SourceRejected(Rejection.SOURCE_CORRUPT, "torn")]

    with pytest.raises(SourceRejected), most_telling_failure():
        raise ExceptionGroup("both", failures)


async def test_a_store_that_refuses_segments_ends_the_encode(stage: Stage) -> None:
    stage.publishing_failure = StoreUnavailable("down")

    with pytest.raises(StoreUnavailable):
        await stage.play()


async def test_a_film_shorter_than_it_declares_is_truncated(stage: Stage) -> None:
    stage.published_s = 20.0

    assert await stage.rejection() is Rejection.SOURCE_TRUNCATED
    assert f"{PREFIX}/master.m3u8" not in stage.store.objects


async def test_bytes_after_the_last_sample_may_stay_unread(stage: Stage) -> None:
    stage.encoder = ScriptedEncoder(encoded_s=30.0, stops_after=8000)

    assert (await stage.play()).bytes_in < len(SOURCE)


async def test_a_film_of_unknown_length_ends_at_the_limit(stage: Stage) -> None:
    stage.prober = ScriptedProber(stage.probe.lasting(None))
    stage.encoder = ScriptedEncoder(encoded_s=MAX_DURATION_S + 1.0)

    assert await stage.rejection() is Rejection.SOURCE_TOO_LONG


async def test_a_first_frame_larger_than_the_first_read_is_looked_for_further_on(
    stage: Stage,
) -> None:
    stage.prober = ScriptedProber(replace(stage.probe, pictured=False), stage.probe)

    await stage.play()

    assert len(stage.prober.asked) == 2
    assert len(SOURCE) < LONG_HEAD_BYTES


async def test_a_film_without_a_first_frame_is_corrupt(stage: Stage) -> None:
    stage.prober = ScriptedProber(replace(stage.probe, pictured=False))

    assert await stage.rejection() is Rejection.SOURCE_CORRUPT


async def test_an_object_that_the_store_lost_is_no_success(stage: Stage) -> None:
    class Forgetful(BytesStore):
        async def sizes(self, prefix: str) -> dict[str, int]:
            return dict(list((await super().sizes(prefix)).items())[1:])

    stage.store = Forgetful({"source": SOURCE})

    with pytest.raises(OutputIncomplete):
        await stage.play()


async def test_what_was_published_is_proven_before_it_is_a_result(stage: Stage) -> None:
    stage.prover = ScriptedProver(warning(Code.FRAME_RATE, "v", "not declared"))

    result = await stage.play()

    assert stage.prover.asked == [f"{PREFIX}/master.m3u8"]
    assert [found.code for found in result.verdict.findings] == [Code.FRAME_RATE]


async def test_a_film_that_fails_its_proof_is_no_success(stage: Stage) -> None:
    stage.prover = ScriptedProver(error(Code.MISSING, "v/seg_00000.m4s", "gone"))

    with pytest.raises(OutputUnproven, match=r"missing of v/seg_00000\.m4s") as unproven:
        await stage.play()

    assert unproven.value.verdict.errors
