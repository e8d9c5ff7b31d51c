"""One failure out of several concurrent ones."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager

from transcode_service.domain.media_errors import SourceRejected


@contextmanager
def most_telling_failure() -> Generator[None]:
    """Raise, in place of a task group's exception group, the failure that explains the others.

    The source's own fault comes first: what the machine does to the other tasks follows from it.
    """
    try:
        yield
    except ExceptionGroup as group:
        failures = list(_leaves(group))
        rejected = (failure for failure in failures if isinstance(failure, SourceRejected))
        raise next(rejected, failures[0]) from group


def _leaves(group: ExceptionGroup[Exception]) -> Iterator[Exception]:
    pending: list[Exception | ExceptionGroup[Exception]] = list(group.exceptions)
    for failure in pending:
        if isinstance(failure, ExceptionGroup):
            pending.extend(failure.exceptions)
        else:
            yield failure
