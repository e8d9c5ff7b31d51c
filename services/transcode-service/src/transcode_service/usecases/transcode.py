"""A source object becomes a verified HLS presentation."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Final

from transcode_service.domain import layout
from transcode_service.domain.command import ffmpeg_arguments
from transcode_service.domain.containers import DEMUXERS
from transcode_service.domain.i_frames import i_frame_playlist
from transcode_service.domain.media_errors import Rejection, SourceRejected
from transcode_service.domain.plan import Plan, check_duration, check_picture, make_plan
from transcode_service.domain.playlist import master_playlist
from transcode_service.domain.probe import Probe
from transcode_service.domain.startup import startup_order
from transcode_service.domain.transcoding import Phase, Progress, SourceRef, TranscodeResult
from transcode_service.domain.verdict import (
    check_length,
    check_listing,
    check_proof,
    check_same_length,
)
from transcode_service.ports.jobs import OnPlan
from transcode_service.ports.media import Encoded, MediaDeps, Prober, Publication, Published
from transcode_service.usecases.failures import most_telling_failure
from transcode_service.usecases.open_source import HEAD_BYTES, OpenedSource, open_source
from transcode_service.usecases.presentation import assets, measured_s, storyboard, variants
from transcode_service.usecases.shed import shed

OnProgress = Callable[[Progress], None]


def unheard(_progress: Progress) -> None:
    """Tell nobody."""


LONG_HEAD_BYTES: Final = 32 * 1024 * 1024
"""For films whose first frame alone is larger than `HEAD_BYTES`."""
DEADLINE_BASE_S: Final = 300.0
DEADLINE_FACTOR: Final = 30.0
"""Real time is far above this on any machine worth running; stalls are told much sooner."""
UNKNOWN_DURATION_S: Final = 3600.0


async def transcode(
    source: SourceRef,
    *,
    prefix: str,
    qualities: Sequence[str],
    work_dir: Path,
    deps: MediaDeps,
    on_plan: OnPlan | None = None,
    on_progress: OnProgress = unheard,
) -> TranscodeResult:
    """Stream `source` through FFmpeg into HLS objects under `prefix`.

    `prefix` is a key prefix of the bucket without a trailing slash (`videos/{id}/hls`);
    `qualities` are the rungs wanted (`1080p`, `720p`, `480p`), none of which is made above the
    source; `work_dir` is created if need be and removed at the end. `on_plan` is awaited before
    the encode starts. `on_progress` is called on the event loop, about twice a second, and must
    not block.

    Cancellation ends FFmpeg (SIGTERM, 5 s, SIGKILL) and removes `work_dir`; objects already sent
    stay for whoever sweeps the prefix.

    Raises:
        SourceRejected: permanent; `reason` is the public failReason.
        EncodeFailed, EncodeTimedOut, StoreUnavailable, OutputIncomplete, OutputUnproven: passing.
    """
    started = deps.monotonic()
    on_progress(Progress(0.0, 0.0, Phase.READING))
    opened = await open_source(source, deps.sources)
    plan = make_plan(await _probe(opened, deps.prober), qualities)
    if on_plan is not None:
        await on_plan(plan)
    labels = [rung.label for rung in plan.rungs]
    async with deps.publisher.open(work_dir, prefix, labels) as publication:
        encoding = deps.monotonic()
        encoded = await _encode(
            opened, plan, publication, work_dir=work_dir, deps=deps, on_progress=on_progress
        )
        ended = deps.monotonic()
        on_progress(Progress(plan.duration_s or 0.0, 0.0, Phase.PUBLISHING))
        published = await publication.finish()
    on_progress(Progress(measured_s(published), 0.0, Phase.VERIFYING))
    _check_output(plan, opened, encoded, published)
    plan, published, left_out = await shed(plan, prefix, published, deps.outputs)
    sent = await _announce(plan, prefix, published, deps)
    verdict = await deps.proof.prove(f"{prefix}/{layout.MASTER}")
    check_proof(verdict)
    return TranscodeResult(
        duration_s=measured_s(published),
        width=plan.displayed[0],
        height=plan.displayed[1],
        assets=assets(plan, prefix, published),
        bytes_in=encoded.bytes_in,
        bytes_out=sum(sent.values()),
        prepare_s=encoding - started,
        encode_s=encoded.wall_s,
        publish_s=deps.monotonic() - ended,
        verdict=verdict,
        left_out=tuple(str(rendition) for rendition in left_out),
    )


async def _probe(opened: OpenedSource, prober: Prober) -> Probe:
    probe = await _ask(opened, prober, HEAD_BYTES)
    if not probe.pictured:
        probe = await _ask(opened, prober, LONG_HEAD_BYTES)
    if not probe.pictured:
        raise SourceRejected(Rejection.SOURCE_CORRUPT, "no picture at the start of the film")
    probe = replace(probe, disorder=opened.disorder)
    return probe.lasting(opened.declared_s) if opened.fragmented else probe


async def _ask(opened: OpenedSource, prober: Prober, head_bytes: int) -> Probe:
    probe = await prober.probe(await opened.leading(head_bytes), opened.container)
    probe = probe.tracked(opened.tracks)
    check_picture(probe)
    return probe


async def _encode(
    opened: OpenedSource,
    plan: Plan,
    publication: Publication,
    *,
    work_dir: Path,
    deps: MediaDeps,
    on_progress: OnProgress,
) -> Encoded:
    """Feed FFmpeg and send what it makes, at once; either one's failure ends both."""
    arguments = ffmpeg_arguments(
        plan, demuxer=DEMUXERS[opened.container], out=work_dir, settings=deps.settings
    )
    with most_telling_failure():
        async with asyncio.TaskGroup() as group, aclosing(_feed(opened, publication)) as feed:
            group.create_task(publication.follow(), name="publish-segments")
            encoded = await deps.encoder.encode(
                arguments,
                feed,
                deadline_s=DEADLINE_BASE_S
                + DEADLINE_FACTOR * (plan.duration_s or UNKNOWN_DURATION_S),
                on_encoded_s=_meter(plan, on_progress),
            )
            publication.stop()
    return encoded


async def _feed(opened: OpenedSource, publication: Publication) -> AsyncGenerator[bytes]:
    """Read on only while there is room for what FFmpeg makes of it."""
    async with aclosing(opened.stream()) as chunks:
        async for chunk in chunks:
            await publication.room()
            yield chunk


def _meter(plan: Plan, on_progress: OnProgress) -> Callable[[float], None]:
    def on_encoded_s(encoded_s: float) -> None:
        check_duration(encoded_s)
        fraction = min(1.0, encoded_s / plan.duration_s) if plan.duration_s else None
        on_progress(Progress(encoded_s, fraction))

    return on_encoded_s


def _check_output(plan: Plan, opened: OpenedSource, encoded: Encoded, published: Published) -> None:
    """FFmpeg's exit status does not tell a whole film from half of one; its output does.

    It may leave bytes unread behind the last sample, so a stream it did not drain is no failure
    by itself: the length decides.
    """
    if encoded.drained and encoded.bytes_in != opened.stream_bytes:
        detail = f"{encoded.bytes_in} of {opened.stream_bytes} bytes were delivered"
        raise SourceRejected(Rejection.SOURCE_TRUNCATED, detail)
    lengths_s = {
        label: rendition.playlist.duration_s for label, rendition in published.renditions.items()
    }
    check_same_length(lengths_s)
    check_length(measured_s(published), plan.duration_s, frame_s=float(1 / plan.frame_rate))


async def _announce(
    plan: Plan, prefix: str, published: Published, deps: MediaDeps
) -> dict[str, int]:
    """Send storyboard and playlists, the master last of all; compare all with the store's own list.

    Returns key → size in bytes of every object.
    """
    found, packaging = variants(plan, published), deps.settings.packaging
    texts = {
        **{
            layout.i_frames(variant.rung.label): i_frame_playlist(variant.i_frames, packaging)
            for variant in found
        },
        layout.STORYBOARD: storyboard(plan, prefix, published),
        layout.MASTER: master_playlist(startup_order(found), packaging),
    }
    for name, text in texts.items():
        await deps.outputs.put_text(f"{prefix}/{name}", text)
    ours = {f"{prefix}/{name}": len(text.encode()) for name, text in texts.items()}
    sent = published.sent | ours
    check_listing(sent, await deps.outputs.sizes(f"{prefix}/"))
    return sent
