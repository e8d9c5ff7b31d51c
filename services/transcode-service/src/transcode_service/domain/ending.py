"""How the work of one attempt ended, before it is written down."""

from dataclasses import dataclass
from typing import TypeAlias, cast

from transcode_service.domain.media_errors import EncodeFailed, Rejection
from transcode_service.domain.transcoding import TranscodeResult


@dataclass(frozen=True, slots=True)
class Published:
    """The ladder is complete in the store."""

    result: TranscodeResult


@dataclass(frozen=True, slots=True)
class Rejected:
    """The source is at fault: no further attempt can succeed."""

    reason: Rejection
    detail: str


@dataclass(frozen=True, slots=True)
class Stumbled:
    """It failed for a reason that may pass."""

    error: Exception


Ending: TypeAlias = Published | Rejected | Stumbled


def describe(error: BaseException) -> str:
    """Return what an operator wants to read: every member of a group, FFmpeg's last lines."""
    if isinstance(error, BaseExceptionGroup):
        members = cast("tuple[BaseException, ...]", error.exceptions)
        return "\n".join(describe(member) for member in members)
    lines = [f"{type(error).__name__}: {error}"]
    if isinstance(error, EncodeFailed):
        lines.extend(error.stderr_tail)
    return "\n".join(lines)
