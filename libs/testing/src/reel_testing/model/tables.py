"""The two tables of the specification (1.3, 1.5), word for word."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Final

Edge = tuple[str, str]

VIDEO_EDGES: Final[frozenset[Edge]] = frozenset(
    {
        ("DRAFT", "UPLOADING"),
        ("UPLOADING", "UPLOADED"),
        ("UPLOADED", "TRANSCODING"),
        ("TRANSCODING", "READY"),
        ("TRANSCODING", "FAILED"),
        ("UPLOADING", "FAILED"),
        ("FAILED", "TRANSCODING"),
    }
)
"""`videos.status`."""

SESSION_EDGES: Final[frozenset[Edge]] = frozenset(
    {
        ("INITIATED", "IN_PROGRESS"),
        ("IN_PROGRESS", "PAUSED"),
        ("PAUSED", "IN_PROGRESS"),
        ("IN_PROGRESS", "COMPLETED"),
        ("IN_PROGRESS", "FAILED"),
        ("IN_PROGRESS", "CANCELED"),
        ("PAUSED", "CANCELED"),
    }
)
"""`upload_sessions.status`."""

LIVE: Final = frozenset({"INITIATED", "IN_PROGRESS", "PAUSED"})
"""Sessions that may go on; a video has at most one (ADR 5)."""

UPLOAD_OVER: Final = frozenset({"UPLOADED", "TRANSCODING", "READY", "FAILED"})
"""States of a video in which no news of an upload changes it any more."""

TRANSCODE_OVER: Final = frozenset({"READY", "FAILED"})

FAIL_REASONS: Final = frozenset(
    {
        "UNSUPPORTED_FORMAT",
        "UNSUPPORTED_DOLBY_VISION",
        "UPLOAD_CANCELED",
        "UPLOAD_EXPIRED",
        "SOURCE_MISSING",
        "SOURCE_CHANGED",
        "SOURCE_TRUNCATED",
        "SOURCE_CORRUPT",
        "NO_VIDEO_STREAM",
        "SOURCE_TOO_LONG",
        "SOURCE_TOO_MANY_PIXELS",
        "TRANSCODE_TIMEOUT",
        "TRANSCODE_ERROR",
        "ROLLBACK",
    }
)
"""contracts/README.md."""


class NoSuchEdge(AssertionError):
    """The model itself went where the table does not lead."""


def walk(edges: frozenset[Edge], *states: str) -> tuple[Edge, ...]:
    """Return the edges of a path through `states`. Raises NoSuchEdge."""
    path = tuple(pairwise(states))
    for edge in path:
        if edge not in edges:
            raise NoSuchEdge(" → ".join(edge))
    return path


def reachable(edges: frozenset[Edge]) -> Mapping[str, frozenset[str]]:
    """Return every state with the states that can follow it, itself included."""
    states = {state for edge in edges for state in edge}
    found = {state: {state} for state in states}
    for _ in states:
        for before, after in edges:
            for seen in found.values():
                if before in seen:
                    seen.add(after)
    return {state: frozenset(seen) for state, seen in found.items()}
