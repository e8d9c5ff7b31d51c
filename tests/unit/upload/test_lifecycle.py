from itertools import product

import pytest

from reel_kernel.errors import InvalidTransition
from reel_kernel.lifecycle import advance
from reel_testing.upload.builders import NOON, a_session
from upload_service.domain.lifecycle import LIVE, PRELUDES, TRANSITIONS, Event, Status

SPEC_1_5 = {
    ("INITIATED", "IN_PROGRESS"),
    ("IN_PROGRESS", "PAUSED"),
    ("PAUSED", "IN_PROGRESS"),
    ("IN_PROGRESS", "COMPLETED"),
    ("IN_PROGRESS", "FAILED"),
    ("IN_PROGRESS", "CANCELED"),
    ("PAUSED", "CANCELED"),
}
LEGAL = {(status, event) for status, edges in TRANSITIONS.items() for event in edges}


def test_the_table_is_the_one_of_the_spec() -> None:
    edges = {
        (str(before), str(after))
        for before, events in TRANSITIONS.items()
        for after in events.values()
    }

    assert edges == SPEC_1_5


def test_every_status_has_a_row() -> None:
    assert set(TRANSITIONS) == set(Status)


@pytest.mark.parametrize(("status", "event"), sorted(product(Status, Event)))
def test_only_the_edges_of_the_table_are_accepted(status: Status, event: Event) -> None:
    if (status, event) in LEGAL:
        assert advance(TRANSITIONS, status, event) is TRANSITIONS[status][event]
        return

    with pytest.raises(InvalidTransition) as refused:
        advance(TRANSITIONS, status, event)

    assert refused.value.extra == {"currentStatus": status}


@pytest.mark.parametrize("status", sorted(set(Status) - LIVE))
def test_an_ended_session_changes_no_more(status: Status) -> None:
    assert not TRANSITIONS[status]


@pytest.mark.parametrize(("status", "event"), sorted(PRELUDES))
def test_a_prelude_leads_to_where_the_event_has_an_edge(status: Status, event: Event) -> None:
    between = advance(TRANSITIONS, status, PRELUDES[status, event])

    assert event not in TRANSITIONS[status]
    assert event in TRANSITIONS[between]


def test_a_live_session_can_always_be_canceled_and_failed() -> None:
    for status, event in product(LIVE, (Event.CANCEL, Event.FAIL)):
        session = a_session(status=status).ready_for(event, now=NOON)

        assert session.on(event, now=NOON).status not in LIVE
