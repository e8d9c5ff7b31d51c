"""What an app does to bring a video's bytes into the store, and a stranger in its place."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from reel_testing.model import upload_rules
from reel_testing.model.outcomes import Answer, Json, Rule, Violation, judge_pair
from reel_testing.model.play import OWNER, Play, Tracked
from reel_testing.model.story import Part, Session
from reel_testing.model.upload_rules import Opening
from reel_testing.model.video_actions import LIMIT_BYTES, Kept

DECLARED: Final = {
    "right": "video/mp4",
    "another of its family": "video/quicktime",
    "another family": "video/x-msvideo",
    "no film's": "image/png",
    "too large": "video/mp4",
    "empty": "video/mp4",
}
CLAIMS: Final = ("right", "reversed", "quoted", "missing", "wrong etag", "beyond", "twice", "none")
NO_ETAG: Final = "0" * 32


def opening(video: Tracked, how: str) -> Opening:
    sizes = {"too large": LIMIT_BYTES + 1, "empty": 0}
    return Opening(
        mime=DECLARED[how],
        size_bytes=sizes.get(how, len(video.film.data)),
        film=video.film.name,
        is_acceptable=how not in {"no film's", *sizes},
    )


async def open_session(
    play: Play, video: Tracked, how: str, *, who: str, key: str | None = None
) -> Kept | None:
    """POST …/uploads; with a key, return what a repeat has to be answered, if it is kept."""
    wanted = opening(video, how)
    body = {"sourceMime": wanted.mime, "sourceSizeBytes": wanted.size_bytes}
    path, headers = (
        f"/api/videos/{video.id}/uploads",
        {} if key is None else {"Idempotency-Key": key},
    )
    answer = await play.call(who, "POST", path, json_body=body, headers=headers)
    learn(video, answer)
    await play.judge(
        video, "open", upload_rules.opened(wanted, mine=who == OWNER), answer, is_upload=True
    )
    is_kept = key is not None and who == OWNER and answer.status in {201, 404, 422}
    return Kept(key=key or "", path=path, body=body, answer=answer) if is_kept else None


async def open_twice(play: Play, video: Tracked) -> None:
    """Two openings at once: one session (ADR 5)."""
    wanted = opening(video, "right")
    body = {"sourceMime": wanted.mime, "sourceSizeBytes": wanted.size_bytes}
    path = f"/api/videos/{video.id}/uploads"
    async with asyncio.TaskGroup() as group:
        calls = [
            group.create_task(play.call(OWNER, "POST", path, json_body=body)) for _ in range(2)
        ]
    answers = [call.result() for call in calls]
    rule = upload_rules.opened(wanted, mine=True)
    loser = upload_rules.either(rule, upload_rules.refused_by_rival)
    play.note("open at once", *answers)
    for answer in answers:
        learn(video, answer)
    one, other = sorted(answers, key=lambda answer: (answer.status, answer.code or ""))
    asked = (rule, one), (loser, other)
    video.stories = judge_pair(video.stories, *asked, what=f"open twice on {video.id}")
    await play.look(video)


def learn(video: Tracked, answer: Answer) -> None:
    if answer.status == 201 and answer.body["uploadSessionId"] not in video.session_ids:
        video.session_ids.append(answer.body["uploadSessionId"])


async def part_urls(
    play: Play, video: Tracked, session_id: str, numbers: Sequence[int], *, who: str
) -> None:
    """POST …/parts, one or several; repeats of a number in one request collapse."""
    body: Json = {"partNumbers": list(numbers)}
    if len(numbers) == 1:
        body = {"partNumber": numbers[0]}
    answer = await play.call(who, "POST", f"/api/uploads/{session_id}/parts", json_body=body)
    rule = upload_rules.signed(session_id, numbers, mine=who == OWNER)
    if any(number < 1 for number in numbers):
        rule = upload_rules.malformed
    if answer.status == 200:
        given = answer.body["parts"] if len(numbers) > 1 else [answer.body]
        if [part["partNumber"] for part in given] != list(dict.fromkeys(numbers)):
            raise Violation(f"URLs for {numbers}: {answer.body}")
        for part in given:
            video.urls[session_id, part["partNumber"]] = part["uploadUrl"]
    await play.judge(video, "part urls", rule, answer, is_upload=True)


def bytes_of(video: Tracked, session: Session, number: int) -> bytes:
    start = (number - 1) * session.part_size_bytes
    return video.film.data[start : start + session.length(number)]


async def put(play: Play, video: Tracked, session_id: str, number: int, how: str) -> None:
    """PUT a part by the URL that was given out last; ask for one if there was none."""
    if (session_id, number) not in video.urls:
        await part_urls(play, video, session_id, [number], who=OWNER)
    url, session = video.urls.get((session_id, number)), video.session(session_id)
    if url is None or session is None:
        return
    data = bytes_of(video, session, number)
    data = {"right": data, "short": data[:-1], "long": data + b"?"}[how]
    etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
    response = await play.behind.store.put(url, content=data)
    if response.status_code == 200 and response.headers["etag"].strip('"') != etag:
        raise Violation(f"the store calls {etag} {response.headers['etag']}")
    answer = Answer(status=response.status_code, body={}, headers=response.headers)
    part = Part(number=number, etag=etag, size_bytes=len(data))
    await play.judge(
        video, f"put {how}", upload_rules.put(session_id, part), answer, is_upload=True
    )
    await play.compare_store(video, session_id)


async def steer(play: Play, video: Tracked, session_id: str, verb: str, *, who: str) -> None:
    answer = await play.call(who, "POST", f"/api/uploads/{session_id}/{verb}")
    await play.judge(
        video,
        verb,
        upload_rules.steered(session_id, verb, mine=who == OWNER),
        answer,
        is_upload=True,
    )


async def show(play: Play, video: Tracked, session_id: str, *, who: str) -> None:
    answer = await play.call(who, "GET", f"/api/uploads/{session_id}")
    await play.judge(
        video,
        "show upload",
        upload_rules.shown(session_id, mine=who == OWNER),
        answer,
        is_upload=True,
    )


async def complete(play: Play, video: Tracked, session_id: str, how: str, *, who: str) -> None:
    body, claimed = claim(video, session_id, how)
    answer = await play.call(who, "POST", f"/api/uploads/{session_id}/complete", json_body=body)
    rule = upload_rules.malformed
    if how not in {"twice", "none"}:
        rule = completed(video, session_id, claimed, who=who)
    await play.judge(video, f"complete {how}", rule, answer, is_upload=True)


async def complete_and(play: Play, video: Tracked, session_id: str, verb: str) -> None:
    """Complete, and at the same time complete, pause or cancel."""
    body, claimed = claim(video, session_id, "right")
    path = f"/api/uploads/{session_id}"
    async with asyncio.TaskGroup() as group:
        one = group.create_task(play.call(OWNER, "POST", f"{path}/complete", json_body=body))
        sent = body if verb == "complete" else None
        other = group.create_task(play.call(OWNER, "POST", f"{path}/{verb}", json_body=sent))
    rule = completed(video, session_id, claimed, who=OWNER)
    rival: Rule = rule
    if verb != "complete":
        rival = upload_rules.steered(session_id, verb, mine=True)
    answers = one.result(), other.result()
    play.note(f"complete and {verb}", *answers)
    both = None
    if verb == "pause":
        is_held = holds_declared(video, session_id)
        both = upload_rules.completed_through_a_pause(session_id, claimed, holds_declared=is_held)
    video.stories = judge_pair(
        video.stories,
        (rival, answers[1]),
        (rule, answers[0]),
        what=f"complete and {verb} on {video.id}",
        both=both,
    )
    await play.look(video)


def completed(video: Tracked, session_id: str, claimed: Mapping[int, str], *, who: str) -> Rule:
    is_held = holds_declared(video, session_id)
    return upload_rules.completed(session_id, claimed, mine=who == OWNER, holds_declared=is_held)


def holds_declared(video: Tracked, session_id: str) -> bool:
    session = video.session(session_id)
    return session is not None and session.mime in video.film.family


def claim(video: Tracked, session_id: str, how: str) -> tuple[Json, dict[int, str]]:
    """Return the body of `complete`, and what it claims: ETags by number."""
    session = video.session(session_id)
    stored = {part.number: part.etag for part in session.parts} if session else {}
    claimed = stored or {1: NO_ETAG}
    last = max(claimed)
    match how:
        case "quoted":
            claimed = {number: f'"{etag}"' for number, etag in claimed.items()}
        case "missing" if len(claimed) > 1:
            del claimed[last]
        case "wrong etag" | "missing":
            claimed[last] = NO_ETAG
        case "beyond":
            claimed[last + 1 if session is None else session.count + 1] = NO_ETAG
        case _:
            pass
    parts = [{"partNumber": number, "etag": etag} for number, etag in claimed.items()]
    listed = {"reversed": parts[::-1], "twice": parts * 2, "none": []}.get(how, parts)
    return {"parts": listed}, claimed
