"""A source object becomes a verified HLS presentation."""

from collections.abc import Callable, Sequence
from pathlib import Path

from transcode_service.domain.transcoding import Progress, SourceRef, TranscodeResult
from transcode_service.ports.media import MediaDeps

OnProgress = Callable[[Progress], None]


async def transcode(
    source: SourceRef,
    *,
    prefix: str,
    qualities: Sequence[str],
    work_dir: Path,
    deps: MediaDeps,
    on_progress: OnProgress | None = None,
) -> TranscodeResult:
    """Stream `source` through FFmpeg into HLS objects under `prefix`.

    `prefix` is a key prefix of the bucket without a trailing slash (`videos/{id}/hls`);
    `qualities` are the rungs wanted (`1080p`, `720p`, `480p`), none of which is made above the
    source; `work_dir` is created if need be and removed at the end. `on_progress` is called on
    the event loop, at most twice a second, and must not block.

    Cancellation ends FFmpeg (SIGTERM, 5 s, SIGKILL) and empties `work_dir`; objects already sent
    stay for whoever sweeps the prefix.

    Raises:
        SourceRejected: permanent; `reason` is the public failReason.
        EncodeFailed, EncodeTimedOut, StoreUnavailable, OutputIncomplete: passing.
    """
    raise NotImplementedError
