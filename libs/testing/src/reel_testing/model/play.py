"""One sequence: an owner, a stranger, their videos, and what the model believes of each."""

import asyncio
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

import httpx

from reel_testing.model import observations, video_rules
from reel_testing.model.backstage import Backstage
from reel_testing.model.films import Film
from reel_testing.model.ledger import Ledger
from reel_testing.model.outcomes import Answer, Json, Rule, Violation, judge
from reel_testing.model.story import Session, Story
from reel_testing.model.tables import LIVE

OWNER: Final = "owner"
STRANGER: Final = "stranger"
SETTLED_S: Final = 120.0
POLL_S: Final = 0.02
EXTENSIONS: Final = {"video/quicktime": "mov", "video/mp4": "mp4", "video/x-msvideo": "avi"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A webhook that was sent: to send again, byte by byte."""

    endpoint: str
    message_id: str
    raw: bytes
    rule: Rule
    is_heard: bool


@dataclass(slots=True, kw_only=True)
class Tracked:
    """A video with the stories that may be true of it, and what was learned on the way."""

    id: str
    film: Film
    stories: set[Story]
    session_ids: list[str] = field(default_factory=list[str])
    job_ids: list[str] = field(default_factory=list[str])
    urls: dict[tuple[str, int], str] = field(default_factory=dict[tuple[str, int], str])
    views: dict[str, Json] = field(default_factory=dict[str, Json])
    etags: list[str] = field(default_factory=list[str])
    sent: list[Message] = field(default_factory=list[Message])

    @property
    def story(self) -> Story:
        """One of the possible stories: what an app would believe."""
        return min(self.stories, key=lambda story: (not story.is_settled, repr(story)))

    def session(self, session_id: str) -> Session | None:
        return self.story.session(session_id)


@dataclass(slots=True)
class Play:
    behind: Backstage
    ledger: Ledger
    phones: Mapping[str, httpx.AsyncClient]
    owner_id: str
    videos: list[Tracked] = field(default_factory=list[Tracked])
    steps: int = 0

    async def call(
        self,
        who: str,
        method: str,
        path: str,
        *,
        json_body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request of an app; a refusal must be a problem document (ADR 10)."""
        content = None if json_body is None else json.dumps(json_body).encode()
        own = {} if content is None else {"content-type": "application/json"}
        response = await self.phones[who].request(
            method, path, content=content, headers={**own, **(headers or {})}
        )
        return answer_of(response)

    def video(self, which: int) -> Tracked:
        return self.videos[which % len(self.videos)]

    def session_id(self, video: Tracked, which: int) -> str:
        """Return one of the video's sessions, the latest for 0; of none, an id that nobody has."""
        known = video.session_ids
        return known[-1 - which % len(known)] if known else str(uuid4())

    def note(self, action: str, *answers: Answer) -> None:
        """Count a step, and what each of its requests was answered."""
        self.steps += 1
        for answer in answers:
            self.ledger.note(action, f"{answer.status} {answer.code or ''}".strip())

    async def judge(
        self, video: Tracked, action: str, rule: Rule, answer: Answer, *, is_upload: bool = False
    ) -> None:
        """Hold an answer against the model, then look whether Reel is where the model is.

        Uploads are looked at through the API, and so by the store's list, where one `is_upload`.
        """
        self.note(action, answer)
        video.stories = judge(video.stories, rule, answer, what=f"{action} on {video.id}")
        await self.look(video, uploads=2 if is_upload else 0)

    async def look(self, video: Tracked, *, uploads: int = 1) -> None:
        """Compare the view, the latest `uploads` of its sessions and all rows with the model."""
        await self.look_at_view(video)
        for session_id in video.session_ids[::-1][:uploads]:
            path = f"/api/uploads/{session_id}"
            answer = await self.call(OWNER, "GET", path)
            look = observations.session_view(session_id, answer.body)
            self._keep(video, look, path, answer)
        found, job_id = await self.behind.rows(video.id)
        if job_id is not None and job_id not in video.job_ids:
            video.job_ids.append(job_id)
        self._keep(video, observations.rows(found), f"rows of {video.id}", found)

    async def look_at_view(self, video: Tracked) -> Answer:
        path = f"/api/videos/{video.id}"
        answer = await self.call(OWNER, "GET", path)
        rule = video_rules.shown(mine=True)
        video.stories = judge(video.stories, rule, answer, what=f"GET {path}")
        self._keep(video, observations.video_view(answer), path, answer)
        if answer.status == 200:
            self._compare_tags(video, answer)
        return answer

    def _keep(self, video: Tracked, look: observations.Look, what: str, seen: object) -> None:
        video.stories = observations.keep(video.stories, look, what=what, seen=seen)

    def _compare_tags(self, video: Tracked, answer: Answer) -> None:
        """Another ETag if and only if another view; progress may be told anew in the same words."""
        etag, body = answer.headers["etag"], answer.body
        if video.views.setdefault(etag, body) != body:
            raise Violation(f"one ETag, two views: {video.views[etag]} and {body}")
        twins = [tag for tag, view in video.views.items() if view == body and tag != etag]
        if twins and body["progress"] is None:
            raise Violation(f"one view, two ETags: {etag} and {twins}: {body}")
        if etag not in video.etags:
            video.etags.append(etag)

    async def compare_store(self, video: Tracked, session_id: str) -> None:
        """Ask the store itself for a live session's parts."""
        session = video.session(session_id)
        if session is None or session.status not in LIVE:
            return
        key = f"videos/{video.id}/source.{EXTENSIONS[session.mime]}"
        stored = await self.behind.stored_parts(session_id, key)
        own = [(part.number, part.etag, part.size_bytes) for part in session.parts]
        if list(stored) != own and not video.story.is_deleted:
            raise Violation(f"the store has {stored}, the model {own}")

    async def settle(self, video: Tracked, *, within_s: float = SETTLED_S) -> None:
        """Wait until nothing that would show is under way. Raises Violation when it does not come.

        What would change nothing may still be on its way, so no story is given up.
        """
        deadline = time.monotonic() + within_s
        await self.look(video)
        while not any(story.is_settled for story in video.stories):
            if time.monotonic() > deadline:
                raise Violation(f"still under way after {within_s} s: {video.stories}")
            await asyncio.sleep(POLL_S)
            await self.look(video)

    def living(self, videos: Iterable[Tracked]) -> list[Tracked]:
        return [video for video in videos if not video.story.is_deleted]


def answer_of(response: httpx.Response) -> Answer:
    """Read an answer; a refusal of ours is a problem document with a stable code."""
    kind = response.headers.get("content-type", "")
    body: Json = response.json() if "json" in kind and response.content else {}
    if response.status_code >= 400:
        is_problem = kind == "application/problem+json" and body["status"] == response.status_code
        if not is_problem or body["type"] != f"/problems/{body['code']}":
            raise Violation(f"no problem document: {response.status_code} {response.text[:500]}")
    return Answer(status=response.status_code, body=body, headers=response.headers)
