"""The list of an owner's videos: by pages, by state, and to a stranger."""

import json

from reel_testing.model import video_rules
from reel_testing.model.outcomes import Answer, Json, Violation, expect, judge
from reel_testing.model.play import OWNER, STRANGER, Play


async def list_by_pages(play: Play, limit: int, status: str | None) -> None:
    """Walk all pages; each video of the owner is on one of them, newest first."""
    found: list[Json] = []
    query: dict[str, str] = {"limit": str(limit)} | ({} if status is None else {"status": status})
    pages = 0
    while True:
        text = "&".join(f"{name}={value}" for name, value in query.items())
        answer = await play.call(OWNER, "GET", f"/api/videos?{text}")
        expect(answer, 200)
        found += answer.body["items"]
        pages += 1
        if answer.body["nextCursor"] is None:
            break
        query["cursor"] = answer.body["nextCursor"]
    play.note("list", answer)
    _compare(play, found, status)
    if status is None and pages != max(1, -(-len(found) // limit)):
        raise Violation(f"{pages} pages for {len(found)} videos by {limit}")


async def compare_list(play: Play) -> None:
    answer = await play.call(OWNER, "GET", "/api/videos?limit=100")
    expect(answer, 200)
    _compare(play, answer.body["items"], None)


async def list_of_stranger(play: Play) -> None:
    answer = await play.call(STRANGER, "GET", "/api/videos")
    play.note("list of a stranger", answer)
    if answer.status != 200 or answer.body["items"]:
        raise Violation(f"a stranger is shown {json.dumps(answer.body)}")


def _compare(play: Play, items: list[Json], status: str | None) -> None:
    """Hold a list against the model; a video that moves meanwhile may be on it or not."""
    living = [video.id for video in play.living(play.videos)][::-1]
    listed = [item["id"] for item in items]
    if status is None and listed != living:
        raise Violation(f"listed {listed}, living {living}")
    if [video_id for video_id in living if video_id in listed] != listed:
        raise Violation(f"listed {listed} in another order than {living}")
    by_id = {video.id: video for video in play.videos}
    for item in items:
        video, answer = by_id[item["id"]], Answer(status=200, body=item, headers={})
        if status is not None and item["status"] != status:
            raise Violation(f"{item} among {status}")
        stories = judge(video.stories, video_rules.listed(item), answer, what="list")
        video.stories = stories
    if status is not None:
        _must_be_listed(play, set(listed), status)


def _must_be_listed(play: Play, listed: set[str], status: str) -> None:
    for video in play.living(play.videos):
        is_still = all(story.is_settled and story.status == status for story in video.stories)
        if is_still and video.id not in listed:
            raise Violation(f"{video.id} is {status} and not listed")
