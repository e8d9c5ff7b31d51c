"""What an app does with its videos, and a stranger with another's."""

import asyncio
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from reel_testing.model import video_rules
from reel_testing.model.lists import compare_list
from reel_testing.model.observations import check_playback, version_of
from reel_testing.model.outcomes import Answer, Json, Rule, Violation, expect, judge_pair
from reel_testing.model.play import OWNER, STRANGER, Play, Tracked
from reel_testing.model.story import Story

TITLES: Final = ("Tour", "12 Smith St", "Roof & garden")
NO_TITLE: Final = " \t "
LIMIT_BYTES: Final = 1_610_612_736
FAULTS: Final = ("mime", "too large", "empty", "title", "unknown member")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A creation with an Idempotency-Key: its body, and how it was answered."""

    key: str
    path: str
    body: Json
    answer: Answer


def creation(play: Play, film: str, title: str) -> Json:
    size = len(play.behind.films[film].data)
    return {"title": title, "sourceMime": "video/mp4", "sourceSizeBytes": size}


def track(play: Play, film: str, body: Json) -> Tracked:
    """Begin the story of a video that was just created."""
    own = play.behind.films[film]
    story = Story(
        id=body["id"],
        title=body["title"],
        description=body["description"],
        verdicts=own.verdicts,
        is_worked=play.behind.is_worked,
    )
    video = Tracked(id=story.id, film=own, stories={story})
    play.videos.append(video)
    return video


async def create(play: Play, film: str, title: str, *, key: str | None = None) -> Kept | None:
    """POST /api/videos; with a key, return what a repeat has to be answered."""
    body = creation(play, film, title)
    headers = {} if key is None else {"Idempotency-Key": key}
    answer = await play.call(OWNER, "POST", "/api/videos", json_body=body, headers=headers)
    play.note("create", answer)
    expect(answer, 201)
    if (answer.body["status"], answer.body["title"]) != ("DRAFT", title.strip()):
        raise Violation(f"created {answer.body}")
    await play.look(track(play, film, answer.body))
    return None if key is None else Kept(key=key, path="/api/videos", body=body, answer=answer)


async def create_wrongly(play: Play, fault: str) -> None:
    body = creation(play, "tiny", "Tour")
    body |= {
        "mime": {"sourceMime": "video/webm"},
        "too large": {"sourceSizeBytes": LIMIT_BYTES + 1},
        "empty": {"sourceSizeBytes": 0},
        "title": {"title": NO_TITLE},
        "unknown member": {"colour": "red"},
    }[fault]
    answer = await play.call(OWNER, "POST", "/api/videos", json_body=body)
    play.note("create wrongly", answer)
    expect(answer, 422, "validation-error")
    await compare_list(play)


async def create_twice(play: Play, film: str) -> None:
    """Send one creation twice at once under one key: one video, whoever is answered first."""
    body, headers = creation(play, film, "Tour"), {"Idempotency-Key": str(uuid4())}
    async with asyncio.TaskGroup() as group:
        calls = [
            group.create_task(
                play.call(OWNER, "POST", "/api/videos", json_body=body, headers=headers)
            )
            for _ in range(2)
        ]
    answers = [call.result() for call in calls]
    play.note("create at once", *answers)
    for answer in answers:
        if answer.status != 201:
            expect(answer, 409, "idempotency-key-in-flight")
    made = {answer.body["id"] for answer in answers if answer.status == 201}
    if len(made) != 1:
        raise Violation(f"one key made {made}: {answers}")
    first = next(answer for answer in answers if answer.status == 201)
    await play.look(track(play, film, first.body))
    await compare_list(play)


async def repeat(play: Play, kept: Kept, *, is_same: bool) -> None:
    """Use a key again (ADR 35): the same request is answered as before, another is refused."""
    body = kept.body if is_same else {**kept.body, "sourceSizeBytes": 7}
    headers = {"Idempotency-Key": kept.key}
    answer = await play.call(OWNER, "POST", kept.path, json_body=body, headers=headers)
    play.note("repeat a key", answer)
    if not is_same:
        expect(answer, 422, "idempotency-key-reused")
    else:
        was = (kept.answer.status, kept.answer.body)
        is_told = answer.headers.get("idempotency-replayed") == "true"
        if (answer.status, answer.body) != was or not is_told:
            raise Violation(f"first {was}, then {answer}")
    for video in play.videos:
        await play.look(video)


async def malformed_key(play: Play) -> None:
    body, headers = creation(play, "tiny", "Tour"), {"Idempotency-Key": "not one word"}
    answer = await play.call(OWNER, "POST", "/api/videos", json_body=body, headers=headers)
    play.note("malformed key", answer)
    expect(answer, 400, "idempotency-key-malformed")


async def patch(play: Play, video: Tracked, title: str, *, who: str, guard: int | None) -> None:
    """PATCH; `guard` chooses a tag from those that were read: 0 the latest, None sends none."""
    etag = None if guard is None else video.etags[-1 - guard % len(video.etags)]
    answer = await play.call(who, **_patching(video, title, etag))
    action = "patch wrongly" if title == NO_TITLE else "patch"
    await play.judge(video, action, _patched(title, etag, who=who), answer)


async def patch_twice(play: Play, video: Tracked) -> None:
    """Two edits at once that were both begun on what is now: one must not overwrite the other."""
    etag, titles = video.etags[-1], (str(uuid4()), str(uuid4()))
    async with asyncio.TaskGroup() as group:
        calls = [
            group.create_task(play.call(OWNER, **_patching(video, each, etag))) for each in titles
        ]
    asked = [
        (_patched(title, etag, who=OWNER), call.result())
        for title, call in zip(titles, calls, strict=True)
    ]
    await _pair(play, video, "patch at once", asked)


def _patching(video: Tracked, title: str, etag: str | None) -> Json:
    headers = {} if etag is None else {"If-Match": etag}
    path = f"/api/videos/{video.id}"
    return {"method": "PATCH", "path": path, "json_body": {"title": title}, "headers": headers}


def _patched(title: str, etag: str | None, *, who: str) -> Rule:
    version = None if etag is None else version_of(etag)
    if title == NO_TITLE:
        return video_rules.patched_wrongly(mine=who == OWNER, if_version=version)
    return video_rules.patched(mine=who == OWNER, title=title, if_version=version)


async def delete(play: Play, video: Tracked, *, who: str) -> None:
    answer = await play.call(who, "DELETE", f"/api/videos/{video.id}")
    await play.judge(
        video, "delete", video_rules.deleted(mine=who == OWNER), answer, is_upload=True
    )


async def retry(play: Play, video: Tracked, *, who: str) -> None:
    answer = await play.call(who, "POST", f"/api/videos/{video.id}/retry")
    if answer.status == 202:
        check_playback(answer.body)
    await play.judge(video, "retry", video_rules.retried(mine=who == OWNER), answer)


async def twice(play: Play, video: Tracked, verb: str) -> None:
    """DELETE or retry, twice at once: one effect."""
    path = f"/api/videos/{video.id}"
    method, end, rule = {
        "delete": ("DELETE", "", video_rules.deleted(mine=True)),
        "retry": ("POST", "/retry", video_rules.retried(mine=True)),
    }[verb]
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(play.call(OWNER, method, path + end)) for _ in range(2)]
    await _pair(play, video, f"{verb} at once", [(rule, call.result()) for call in calls])


async def _pair(play: Play, video: Tracked, action: str, asked: list[tuple[Rule, Answer]]) -> None:
    one, other = asked
    play.note(action, one[1], other[1])
    video.stories = judge_pair(video.stories, one, other, what=f"{action} on {video.id}")
    await play.look(video)


async def get(play: Play, video: Tracked, *, who: str, known: int | None) -> None:
    """GET, conditional on one of the tags that were read where `known` chooses one."""
    path = f"/api/videos/{video.id}"
    if who == STRANGER or known is None or not video.etags:
        answer = await play.call(who, "GET", path)
        await play.judge(video, "get", video_rules.shown(mine=who == OWNER), answer)
        return
    etag = video.etags[-1 - known % len(video.etags)]
    answer = await play.call(who, "GET", path, headers={"If-None-Match": etag})
    has_progress = video.views[etag]["progress"] is not None or "." in etag
    is_current = not has_progress and video.story.status != "TRANSCODING"
    rule = video_rules.shown_if_changed(version_of(etag), is_current_view=is_current)
    await play.judge(video, "get conditionally", rule, answer)
