"""Whether what came out is the film that went in: FFmpeg's exit status alone does not tell."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from reel_hls.findings import Report
from transcode_service.domain.media_errors import (
    EncodeFailed,
    OutputIncomplete,
    OutputUnproven,
    Rejection,
    SourceRejected,
)

LENGTH_TOLERANCE_S: Final = 0.3
"""Picture and sound may end a quarter of a second apart."""
SHORTEST_S: Final = 0.1
"""What declares no length and is over sooner is no film: pictures that all claim one instant."""
LENGTH_TOLERANCE: Final = 0.005
INVALID_DATA_EXIT: Final = 183
"""FFmpeg's exit status for AVERROR_INVALIDDATA: the low byte of its error code."""
DECODE_ERRORS_EXIT: Final = 69
"""FFmpeg's exit status when more than `-max_error_rate` of the frames failed to decode."""
UNTYPED_FAILURE_EXITS: Final = frozenset({1, 255})
"""FFmpeg before version 7 ends with 1, whatever happened; with 255 when a decoder gave no better
error than -1, but on a signal too. Its messages tell more.
"""
_BAD_INPUT: Final = re.compile(
    r"Invalid data found when processing input|[Cc]orrupt|Error while decoding stream"
    r"|Error submitting packet to decoder: Operation not permitted"
)
_NO_FRAMES: Final = re.compile(r"Could not open encoder before EOF")
"""An output got no frame at all: the film ends before the frames that its index promises."""
_DEMUXER_ERROR: Final = re.compile(r"^\[(in#\d+|mov,|avi|asf)[^\]]*\] \[(error|fatal)\]")


def check_exit(exit_code: int, stderr_tail: Sequence[str], *, demuxer_errors: int = 0) -> None:
    """Turn FFmpeg's end into a verdict; 0 with no error of the demuxer passes.

    Raises:
        SourceRejected: SOURCE_CORRUPT: it could not read or decode the source.
        EncodeFailed: any other failure.
    """
    tail = tuple(stderr_tail)
    if _is_bad_input(exit_code, tail):
        raise SourceRejected(Rejection.SOURCE_CORRUPT, _first_error(tail))
    if exit_code != 0:
        detail = f"FFmpeg exited with {exit_code}: {_first_error(tail)}"
        raise EncodeFailed(detail, exit_code=exit_code, stderr_tail=tail)
    if demuxer_errors:
        detail = f"{demuxer_errors} errors while demuxing: {_first_error(tail)}"
        raise SourceRejected(Rejection.SOURCE_CORRUPT, detail)


def _is_bad_input(exit_code: int, tail: Sequence[str]) -> bool:
    if exit_code in {INVALID_DATA_EXIT, DECODE_ERRORS_EXIT}:
        return True
    if exit_code > 0 and any(map(_NO_FRAMES.search, tail)):
        return True
    return exit_code in UNTYPED_FAILURE_EXITS and any(map(_BAD_INPUT.search, tail))


def is_demuxer_error(line: str) -> bool:
    """Tell whether a line of FFmpeg's stderr (with levels) reports damage to the container."""
    return _DEMUXER_ERROR.match(line) is not None


def check_length(encoded_s: float, expected_s: float | None, *, frame_s: float = 0.0) -> None:
    """Refuse a film that decoded to another length than its headers declare.

    `frame_s` is how long one picture of the output lasts.

    Raises:
        SourceRejected: SOURCE_TRUNCATED when shorter, SOURCE_CORRUPT when longer or empty.
    """
    if encoded_s <= 0 or (expected_s is None and encoded_s < SHORTEST_S):
        raise SourceRejected(Rejection.SOURCE_CORRUPT, f"no film: {encoded_s:.3f} s were decoded")
    if expected_s is None:
        return
    tolerance_s = max(LENGTH_TOLERANCE_S, LENGTH_TOLERANCE * expected_s) + frame_s
    if abs(encoded_s - expected_s) <= tolerance_s:
        return
    reason = Rejection.SOURCE_TRUNCATED if encoded_s < expected_s else Rejection.SOURCE_CORRUPT
    detail = f"{encoded_s:.3f} s were decoded of {expected_s:.3f} s declared"
    raise SourceRejected(reason, detail)


def check_same_length(lengths_s: Mapping[str, float]) -> None:
    """Refuse renditions that differ in length.

    Raises:
        OutputIncomplete: they do; the encoder is at fault, not the source.
    """
    if max(lengths_s.values()) - min(lengths_s.values()) > LENGTH_TOLERANCE_S:
        raise OutputIncomplete(f"the renditions differ in length: {dict(lengths_s)}")


def check_listing(sent: Mapping[str, int], listed: Mapping[str, int]) -> None:
    """Compare what was sent with what the store lists, as key → size in bytes.

    Raises:
        OutputIncomplete: an object is missing or has another size.
    """
    wrong = sorted(key for key, size in sent.items() if listed.get(key) != size)
    if wrong:
        raise OutputIncomplete(f"{len(wrong)} of {len(sent)} objects, first {wrong[0]}")


def check_proof(verdict: Report) -> None:
    """Refuse a presentation whose check found errors; warnings pass.

    Raises:
        OutputUnproven: it did.
    """
    if verdict.errors:
        raise OutputUnproven(verdict)


def _first_error(tail: Sequence[str]) -> str:
    errors = (line for line in tail if "[error]" in line or "[fatal]" in line)
    return next(errors, tail[-1] if tail else "no message")
