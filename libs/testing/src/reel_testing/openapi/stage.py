"""Videos and sessions in the states that an operation needs, made through the public API."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import uuid4

import httpx
import msgspec
from standardwebhooks.webhooks import Webhook

from reel_kernel.clock import utc_now
from reel_messaging.webhooks import sign
from reel_stack.topology import VIDEO
from reel_testing.stack import RunningStack

Json = dict[str, Any]

MIME: Final = "video/mp4"
NO_FILM: Final = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + bytes(1000)
"""Begins like a film and holds none: `complete` takes it, the transcode fails at once."""
ENDED: Final = frozenset({"READY", "FAILED"})
TIMEOUT_S: Final = 30.0
POLL_S: Final = 0.02
TRIES: Final = 10


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Who asks, and about what: ids that are their own, or empty ones where nothing is needed."""

    token: str = field(repr=False)
    owner_id: str
    video_id: str = ""
    session_id: str = ""
    parts: tuple[Json, ...] = ()


class Stage:
    """One owner of a running stack. What is only looked at is made once (`kept`)."""

    def __init__(self, stack: RunningStack) -> None:
        self._stack = stack
        self.owner = str(uuid4())
        self._token = stack.token(self.owner)
        self._kept: dict[str, Scene] = {}
        self._http = httpx.Client(base_url=stack.gateway_url, timeout=TIMEOUT_S, trust_env=False)

    @property
    def somebody(self) -> Scene:
        return Scene(token=self._token, owner_id=self.owner)

    def close(self) -> None:
        self._http.close()

    def kept(self, make: "Maker") -> Scene:
        """Return what `make` made the first time."""
        if make.__name__ not in self._kept:
            self._kept[make.__name__] = make(self)
        return self._kept[make.__name__]

    def post(self, path: str, body: object = None) -> Json:
        """Send a request that has to succeed."""
        return self._call("POST", path, json=body)

    def put(self, url: str, data: bytes) -> str:
        """PUT a part and return its ETag."""
        response = self._http.put(url, content=data)
        response.raise_for_status()
        return response.headers["etag"]

    def wait_for_end(self, video_id: str) -> str:
        """Return READY or FAILED. Raises TimeoutError."""
        deadline = time.monotonic() + TIMEOUT_S
        while (status := self.status(video_id)) not in ENDED:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{video_id} is still {status}")
            time.sleep(POLL_S)
        return status

    def status(self, video_id: str) -> str:
        return str(self._call("GET", f"/api/videos/{video_id}")["status"])

    def tell(self, path: str, secret: str, body: Json) -> int:
        """Send video-service a webhook, and return the status of its answer."""
        data = msgspec.json.encode(body)
        headers = sign(Webhook(self._stack.secrets[secret]), str(uuid4()), data, now=utc_now())
        url = f"{self._stack.services[VIDEO.name]}/api/webhooks/{path}"
        kind = {"Content-Type": "application/json"}
        return self._http.post(url, content=data, headers={**headers, **kind}).status_code

    def _call(self, method: str, path: str, json: object = None) -> Json:
        headers = {"Authorization": f"Bearer {self._token}"}
        response = self._http.request(method, path, json=json, headers=headers)
        response.raise_for_status()
        return response.json()


Maker = Callable[[Stage], Scene]


def nobody(stage: Stage) -> Scene:
    """Give no ids: the generated ones stay, and name nothing."""
    return stage.somebody


def draft(stage: Stage) -> Scene:
    body = {"title": "Tour", "sourceMime": MIME, "sourceSizeBytes": len(NO_FILM)}
    video = stage.post("/api/videos", body)
    return replace(stage.somebody, video_id=video["id"])


def opened(stage: Stage) -> Scene:
    """Make a session that is INITIATED."""
    scene = draft(stage)
    body = {"sourceMime": MIME, "sourceSizeBytes": len(NO_FILM)}
    session = stage.post(f"/api/videos/{scene.video_id}/uploads", body)
    return replace(scene, session_id=session["uploadSessionId"])


def uploaded(stage: Stage) -> Scene:
    """Make a session that is IN_PROGRESS, with its one part in the store."""
    scene = opened(stage)
    url = stage.post(f"/api/uploads/{scene.session_id}/parts", {"partNumber": 1})
    etag = stage.put(url["uploadUrl"], NO_FILM)
    return replace(scene, parts=({"partNumber": 1, "etag": etag},))


def paused(stage: Stage) -> Scene:
    scene = uploaded(stage)
    stage.post(f"/api/uploads/{scene.session_id}/pause")
    return scene


def canceled(stage: Stage) -> Scene:
    scene = opened(stage)
    stage.post(f"/api/uploads/{scene.session_id}/cancel")
    return scene


def failed(stage: Stage) -> Scene:
    """Make a video whose transcode failed while its source is there: it can be retried."""
    scene = uploaded(stage)
    stage.post(f"/api/uploads/{scene.session_id}/complete", {"parts": list(scene.parts)})
    assert stage.wait_for_end(scene.video_id) == "FAILED"
    return scene


def ready(stage: Stage) -> Scene:
    """Make a READY video by what the two other services would have told.

    Its source does not exist, so a worker that is quicker than this can fail it: then once more.
    """
    for _ in range(TRIES):
        scene = draft(stage)
        _tell_of_upload(stage, scene)
        _tell_of_film(stage, scene)
        if stage.wait_for_end(scene.video_id) == "READY":
            return scene
    raise TimeoutError("the worker was quicker every time")


def _tell_of_upload(stage: Stage, scene: Scene) -> None:
    news = {
        "videoId": scene.video_id,
        "uploadSessionId": str(uuid4()),
        "sourceFileKey": f"videos/{scene.video_id}/source.mp4",
        "sourceSizeBytes": len(NO_FILM),
        "sourceMime": MIME,
        "ownerId": scene.owner_id,
    }
    for status in ("INITIATED", "COMPLETED"):
        assert stage.tell("uploads", "uploadWebhookSecret", {**news, "status": status}) == 204


def _tell_of_film(stage: Stage, scene: Scene) -> None:
    master = {"type": "HLS_MASTER", "fileKey": f"videos/{scene.video_id}/hls/master.m3u8"}
    news = {
        "videoId": scene.video_id,
        "status": "READY",
        "durationSeconds": 2.5,
        "width": 1920,
        "height": 1080,
        "assets": [master],
    }
    assert stage.tell("transcoding", "transcodeWebhookSecret", news) == 204
