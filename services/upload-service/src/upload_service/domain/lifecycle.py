"""The states of an upload session, and the only ways between them (spec 1.5)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """Spec 1.3."""

    INITIATED = "INITIATED"
    IN_PROGRESS = "IN_PROGRESS"
    PAUSED = "PAUSED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


class Event(StrEnum):
    START = "START"
    PAUSE = "PAUSE"
    RESUME = "RESUME"
    COMPLETE = "COMPLETE"
    FAIL = "FAIL"
    CANCEL = "CANCEL"


TRANSITIONS: Final[Mapping[Status, Mapping[Event, Status]]] = {
    Status.INITIATED: {Event.START: Status.IN_PROGRESS},
    Status.IN_PROGRESS: {
        Event.PAUSE: Status.PAUSED,
        Event.COMPLETE: Status.COMPLETED,
        Event.FAIL: Status.FAILED,
        Event.CANCEL: Status.CANCELED,
    },
    Status.PAUSED: {Event.RESUME: Status.IN_PROGRESS, Event.CANCEL: Status.CANCELED},
    Status.COMPLETED: {},  # must not resume
    Status.FAILED: {},  # is replaced by a new session
    Status.CANCELED: {},  # must not resume
}
"""The table of spec 1.5. The database refuses every other change of status as well."""

PRELUDES: Final[Mapping[tuple[Status, Event], Event]] = {
    (Status.INITIATED, Event.CANCEL): Event.START,
    (Status.INITIATED, Event.FAIL): Event.START,
    (Status.PAUSED, Event.FAIL): Event.RESUME,
    (Status.PAUSED, Event.COMPLETE): Event.RESUME,
}
"""Which event has to come first where the table has no direct edge.

Cancelling, failing and finishing may meet a session in any live state. They walk two edges of the
table in one transaction; they never invent one.
"""

LIVE: Final = frozenset(status for status, edges in TRANSITIONS.items() if edges)
"""Sessions that can still change; a video has at most one."""

SIGNABLE: Final = frozenset({Status.INITIATED, Status.IN_PROGRESS})
"""Sessions that get part URLs."""
