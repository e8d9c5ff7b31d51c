"""What each operation is asked about, by `operationId`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from reel_testing.openapi.stage import (
    Maker,
    Scene,
    Stage,
    canceled,
    draft,
    failed,
    nobody,
    opened,
    paused,
    ready,
    uploaded,
)

Choice = Callable[[Stage], Scene]


def kept(*makers: Maker) -> tuple[Choice, ...]:
    """Make each once an owner, for operations that only look, or may be repeated."""
    return tuple(lambda stage, make=make: stage.kept(make) for make in makers)


VIDEOS: Final = kept(draft, ready, opened, failed)
SESSIONS: Final = kept(opened, uploaded, paused, failed, canceled)
# In the first scene of each the operation succeeds.
SCENES: Final[Mapping[str, Sequence[Choice]]] = {
    "getVideo": (*VIDEOS, nobody),
    "updateVideo": (*VIDEOS, nobody),
    "deleteVideo": (draft, opened, nobody),
    "retryVideo": (*kept(failed, failed, draft), nobody),
    "followVideo": (*VIDEOS, nobody),
    "reportUpload": (draft, *VIDEOS, nobody),
    "reportTranscoding": (*VIDEOS, nobody),
    "reportProgress": VIDEOS,
    "reportSourcePurged": VIDEOS,
    "reportHlsPurged": VIDEOS,
    "createUpload": (draft, draft, *kept(opened), nobody),
    "getUpload": (*SESSIONS, nobody),
    "requestPartUrls": (opened, *kept(opened, uploaded, uploaded, paused), nobody),
    "completeUpload": (uploaded, *SESSIONS, nobody),
    "pauseUpload": (uploaded, *kept(uploaded, paused, opened), nobody),
    "resumeUpload": (paused, *kept(uploaded, paused, canceled), nobody),
    "cancelUpload": (opened, paused, *kept(failed), nobody),
}


def scene_for(operation: str, choice: int, stage: Stage) -> Scene:
    """Return one of the operation's scenes; operations without any need nothing but a caller."""
    choices = SCENES.get(operation, (nobody,))
    return choices[choice % len(choices)](stage)
