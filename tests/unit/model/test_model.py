"""The model notices: each rule of it can be broken, and then says so."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reel_testing.model import observations, upload_rules, video_rules
from reel_testing.model.observations import Rows, keep
from reel_testing.model.outcomes import Answer, Json, Outcome, Violation, done, judge, judge_pair
from reel_testing.model.story import Mail, Part, Session, Story, closure
from reel_testing.model.tables import (
    SESSION_EDGES,
    VIDEO_EDGES,
    NoSuchEdge,
    reachable,
)
from upload_service.domain.lifecycle import TRANSITIONS as SESSION_TRANSITIONS
from video_service.domain.lifecycle import TRANSITIONS as VIDEO_TRANSITIONS

DRAFT = Story(id="v", title="Tour", description=None, verdicts=("READY",), is_worked=False)
SESSION = Session(id="s", mime="video/mp4", size_bytes=8, part_size_bytes=5, film="tiny")
UPLOADING = replace(DRAFT.to("UPLOADING").with_session(SESSION), admitted="s")
COMPLETED = Mail(outcome="COMPLETED", session_id="s")
ALL_STATES = [
    ("DRAFT", "READY"),
    ("READY", "FAILED"),
    ("READY", "TRANSCODING"),
    ("FAILED", "READY"),
]


def view(**members: object) -> Json:
    shown: Json = {
        "id": "v",
        "title": "Tour",
        "description": None,
        "status": "DRAFT",
        "failReason": None,
        "playback": {"ready": False, "streamUrl": None},
        "durationSeconds": None,
        "progress": None,
    }
    return {**shown, **members}


def answer(status: int, body: Json | None = None, version: int = 1) -> Answer:
    return Answer(status=status, body=body or {}, headers={"etag": f'"{version}-0a1b2c3d"'})


def test_the_tables_of_the_model_are_those_of_the_services() -> None:
    video = {(a, b) for a, edges in VIDEO_TRANSITIONS.items() for b in edges.values() if a != b}
    session = {(a, b) for a, edges in SESSION_TRANSITIONS.items() for b in edges.values()}

    assert (video, session) == (VIDEO_EDGES, SESSION_EDGES)


@pytest.mark.parametrize("edge", ALL_STATES)
def test_an_edge_that_is_not_in_the_table_cannot_be_walked(edge: tuple[str, str]) -> None:
    story = replace(DRAFT, status=edge[0])

    with pytest.raises(NoSuchEdge):
        story.to(edge[1])


def test_nothing_follows_ready() -> None:
    assert reachable(VIDEO_EDGES)["READY"] == {"READY"}


def test_what_is_under_way_may_have_arrived_or_not() -> None:
    story = replace(UPLOADING, mail=(COMPLETED,))

    states = {(each.status, each.version) for each in closure({story})}

    assert states == {("UPLOADING", 2), ("UPLOADED", 3), ("TRANSCODING", 4)}


def test_an_answer_that_no_story_allows_is_a_violation() -> None:
    ready = replace(DRAFT, status="READY")

    with pytest.raises(Violation):
        judge({ready}, video_rules.retried(mine=True), answer(202), what="retry")


def test_a_stranger_is_told_nothing() -> None:
    with pytest.raises(Violation):
        judge({DRAFT}, video_rules.shown(mine=False), answer(200, view()), what="get")


def test_two_guarded_edits_cannot_both_succeed() -> None:
    asked = [
        (
            video_rules.patched(mine=True, title=title, if_version=1),
            answer(200, {"title": title, "status": "DRAFT"}),
        )
        for title in ("A", "B")
    ]

    with pytest.raises(Violation):
        judge_pair({DRAFT}, *asked, what="patch")


def test_a_second_live_session_is_a_violation() -> None:
    body = {"uploadSessionId": "t", "partSizeBytes": 5, "status": "INITIATED"}
    wanted = upload_rules.Opening(mime="video/mp4", size_bytes=8, film="tiny")

    with pytest.raises(Violation):
        judge({UPLOADING}, upload_rules.opened(wanted, mine=True), answer(201, body), what="open")


def test_completing_without_every_part_is_a_violation() -> None:
    half = SESSION.to("IN_PROGRESS").with_part(Part(number=1, etag="e", size_bytes=5))
    story, said = UPLOADING.with_session(half), answer(200, {"status": "COMPLETED"})
    rule = upload_rules.completed("s", {1: "e", 2: "f"}, mine=True, holds_declared=True)

    with pytest.raises(Violation):
        judge({story}, rule, said, what="complete")


@pytest.mark.parametrize(
    "members",
    [
        {"status": "TRANSCODING", "playback": {"ready": True, "streamUrl": "/videos/v/hls/m"}},
        {"status": "READY", "durationSeconds": 1.0},
        {"status": "FAILED"},
        {"status": "FAILED", "failReason": "BAD_WEATHER"},
        {"failReason": "TRANSCODE_ERROR"},
        {"progress": {"percent": 1}},
    ],
)
def test_a_view_that_contradicts_itself_is_a_violation(members: Json) -> None:
    with pytest.raises(Violation):
        observations.video_view(answer(200, view(**members)))


@pytest.mark.parametrize(
    ("members", "version"),
    [({"status": "UPLOADING"}, 1), ({"title": "Roof"}, 1), ({}, 2)],
)
def test_a_view_that_the_model_does_not_expect_is_a_violation(members: Json, version: int) -> None:
    seen = answer(200, view(**members), version)

    with pytest.raises(Violation):
        keep({DRAFT}, observations.video_view(seen), what="view", seen=seen)


def test_parts_that_were_not_sent_are_a_violation() -> None:
    body = {
        "status": "INITIATED",
        "bytesUploaded": 5,
        "uploadedParts": [{"partNumber": 1, "etag": "e", "sizeBytes": 5}],
        "sourceSizeBytes": 8,
        "partSizeBytes": 5,
        "videoId": "v",
    }

    with pytest.raises(Violation):
        keep({UPLOADING}, observations.session_view("s", body), what="session", seen=body)


@pytest.mark.parametrize(
    "change",
    [
        {"sessions": {"s": ("INITIATED", None), "t": ("PAUSED", None)}},
        {"status": "READY"},
        {"masters": 1},
        {"version": 3},
        {"sessions": {"s": ("PAUSED", None)}},
        {"admitted": "t"},
    ],
)
def test_rows_that_the_model_does_not_expect_are_a_violation(change: Json) -> None:
    found = Rows(
        status="UPLOADING",
        version=2,
        reason=None,
        is_deleted=False,
        admitted="s",
        masters=0,
        sessions={"s": ("INITIATED", None)},
    )
    keep({UPLOADING}, observations.rows(found), what="rows", seen=found)

    spoilt = replace(found, **change)
    with pytest.raises(Violation):
        keep({UPLOADING}, observations.rows(spoilt), what="rows", seen=spoilt)


def test_an_outcome_needs_its_members() -> None:
    def rule(story: Story) -> Iterator[Outcome]:
        yield done(200, story, status="PAUSED")

    assert judge({DRAFT}, rule, answer(200, {"status": "PAUSED"}), what="pause") == {DRAFT}
    with pytest.raises(Violation):
        judge({DRAFT}, rule, answer(200, {"status": "IN_PROGRESS"}), what="pause")
