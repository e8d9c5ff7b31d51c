"""Which side of a contract reads a value; it decides what counts as a break."""

from enum import StrEnum


class Direction(StrEnum):
    """REQUEST: old clients send it to the new code; ANSWER: they read it; BOTH: peers do both."""

    REQUEST = "request"
    ANSWER = "answer"
    BOTH = "both"

    @property
    def is_sent(self) -> bool:
        """Whether values written by yesterday's code must still be accepted."""
        return self is not Direction.ANSWER

    @property
    def is_read(self) -> bool:
        """Whether values written by today's code must be understood by yesterday's."""
        return self is not Direction.REQUEST
