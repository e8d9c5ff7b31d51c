"""One failure out of several concurrent ones."""

from collections.abc import Generator
from contextlib import contextmanager

from transcode_service.domain.media_errors import SourceRejected


@contextmanager
def most_telling_failure() -> Generator[None]:
    """Raise, in place of a task group's exception group, the failure that explains the others.

    The source's own fault comes first: what happens to the other tasks follows from it. Put it
    around every task group, so that groups don't nest.
    """
    try:
        yield
    except ExceptionGroup as group:
        rejected = (error for error in group.exceptions if isinstance(error, SourceRejected))
        raise next(rejected, group.exceptions[0]) from group
