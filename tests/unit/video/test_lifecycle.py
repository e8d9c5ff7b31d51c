"""The transition table of spec 1.5."""

from itertools import product

import pytest

from reel_kernel.errors import InvalidTransition
from reel_kernel.lifecycle import advance
from video_service.domain.lifecycle import TRANSITIONS, Event, VideoStatus

SPEC = {
    ("DRAFT", "UPLOADING"),
    ("UPLOADING", "UPLOADED"),
    ("UPLOADED", "TRANSCODING"),
    ("TRANSCODING", "READY"),
    ("TRANSCODING", "FAILED"),
    ("UPLOADING", "FAILED"),
    ("FAILED", "TRANSCODING"),
}
ANOTHER_SESSION = ("UPLOADING", "UPLOADING")


@pytest.mark.parametrize(("before", "after"), list(product(VideoStatus, VideoStatus)))
def test_a_pair_of_states_is_an_edge_exactly_when_the_spec_says_so(
    before: VideoStatus, after: VideoStatus
) -> None:
    reached = set(TRANSITIONS[before].values())

    assert (after in reached) == ((before, after) in SPEC | {ANOTHER_SESSION})


def test_every_state_has_its_row_in_the_table() -> None:
    assert set(TRANSITIONS) == set(VideoStatus)


@pytest.mark.parametrize("event", Event)
def test_nothing_moves_a_ready_video(event: Event) -> None:
    with pytest.raises(InvalidTransition) as caught:
        advance(TRANSITIONS, VideoStatus.READY, event)

    assert caught.value.extra == {"currentStatus": "READY"}


@pytest.mark.parametrize("event", Event)
def test_every_event_is_accepted_somewhere(event: Event) -> None:
    assert any(event in edges for edges in TRANSITIONS.values())
