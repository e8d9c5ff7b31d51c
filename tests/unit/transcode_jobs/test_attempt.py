from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from transcode_service.domain.attempt import (
    MAX_ERROR_CHARS,
    Attempt,
    AttemptState,
    attempt_prefix,
    is_of_attempt,
)

VIDEO = UUID("11111111-1111-4111-8111-111111111111")
NOW = datetime(2026, 1, 22, 3, 0, tzinfo=UTC)
SETTLE = timedelta(minutes=5)
names = st.sampled_from(["master.m3u8", "poster.jpg", "1080p/seg_00000.m4s", "480p/init.mp4"])


def an_attempt() -> Attempt:
    return Attempt(video_id=VIDEO, number=1, job_id=uuid4(), prefix="p/", owner="w", started_at=NOW)


def test_the_first_attempt_writes_to_the_published_path_of_the_spec() -> None:
    assert attempt_prefix(VIDEO, 1) == f"videos/{VIDEO}/hls/"


def test_later_attempts_write_below_it() -> None:
    assert attempt_prefix(VIDEO, 12) == f"videos/{VIDEO}/hls/a12/"


@given(st.integers(1, 500), st.integers(1, 500), names)
def test_an_object_belongs_to_exactly_the_attempt_that_wrote_it(
    writer: int, other: int, name: str
) -> None:
    key = attempt_prefix(VIDEO, writer) + name

    assert is_of_attempt(key, attempt_prefix(VIDEO, other)) == (writer == other)


def test_a_failed_attempt_is_swept_once() -> None:
    attempt = an_attempt().end(AttemptState.FAILED, now=NOW)

    assert attempt.sweep_after == NOW
    assert attempt.swept(now=NOW, settle=SETTLE).swept_at == NOW


def test_a_lost_attempt_is_swept_again_when_its_worker_can_write_no_more() -> None:
    attempt = an_attempt().end(AttemptState.LOST, now=NOW)

    first = attempt.swept(now=NOW, settle=SETTLE)
    second = first.swept(now=NOW + SETTLE, settle=SETTLE)

    assert (first.swept_at, first.sweep_after) == (None, NOW + SETTLE)
    assert second.swept_at == NOW + SETTLE


def test_a_long_error_keeps_its_end() -> None:
    attempt = an_attempt().end(
        AttemptState.FAILED, now=NOW, error="x" * MAX_ERROR_CHARS + "the reason"
    )

    assert attempt.error is not None
    assert len(attempt.error) == MAX_ERROR_CHARS
    assert attempt.error.endswith("the reason")
