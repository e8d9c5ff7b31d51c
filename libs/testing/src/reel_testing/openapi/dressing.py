"""Gives a generated request what a generator cannot know: its caller, ids, types that exist.

Only what was generated to be good is changed; what is wrong on purpose stays wrong. One case in
four keeps its body, so that rules beyond the schema are met as well. The choice follows from the
case alone, so that hypothesis finds the same request again; but ids are drawn anew in each run, so
the first good requests of an operation are all helped, to the scene where it succeeds.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeGuard, cast
from uuid import uuid4
from zlib import crc32

from reel_kernel.media import MAX_SOURCE_BYTES, MIMES
from reel_testing.openapi.cases import AnyCase, operation_id
from reel_testing.openapi.scenes import scene_for
from reel_testing.openapi.stage import NO_FILM, Scene, Stage

Json = dict[str, Any]
Dress = Callable[[Json, Scene, int], Json]

KEEP_ONE_IN: Final = 4
SURE: Final = 0
"""The seed of the first scene, and of a body that succeeds in it."""
AUTHORIZATION: Final = "Authorization"


def dress(case: AnyCase, stage: Stage, *, is_sure: bool) -> None:
    """Change a request in place, just before it is sent; `is_sure`: so that it can succeed."""
    about = repr((case.path_parameters, case.query, case.body))
    seed = SURE if is_sure else crc32(about.encode())
    name = operation_id(case)
    scene = scene_for(name, seed, stage)
    _name_the_real(case, scene)
    is_helped = is_sure or seed // 7 % KEEP_ONE_IN > 0
    if is_helped and _is_good(case, "headers"):
        known = {"If-Match": "*", "webhook-id": f"msg-{uuid4()}"}
        case.headers.update({key: text for key, text in known.items() if key in case.headers})
    if _is_good(case, "body") and _is_object(case.body):
        body = _integers(case.body)
        case.body = BODIES.get(name, _as_it_is)(body, scene, seed) if is_helped else body
    if AUTHORIZATION in case.headers:
        case.headers[AUTHORIZATION] = f"Bearer {scene.token}"


def _integers(value: Any) -> Any:  # noqa: ANN401 - JSON in, the same JSON out
    """Write whole numbers as integers: JSON Schema does not tell 1 from 1.0, our decoder does."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case list():
            return [_integers(item) for item in cast("list[Any]", value)]
        case dict():
            return {key: _integers(item) for key, item in cast("Json", value).items()}
        case _:
            return value


def _is_object(value: object) -> TypeGuard[Json]:
    return isinstance(value, dict)


def is_all_good(case: AnyCase) -> bool:
    """Tell whether every part of the request was generated to be good."""
    meta = case.meta
    return meta is not None and all(at.mode.is_positive for at in meta.components.values())


def _is_good(case: AnyCase, part: str) -> bool:
    meta = case.meta
    if meta is None:
        return False
    found = [info.mode for at, info in meta.components.items() if at.container_name == part]
    return all(mode.is_positive for mode in found)


def _name_the_real(case: AnyCase, scene: Scene) -> None:
    ids = {"video_id": scene.video_id, "session_id": scene.session_id}
    if _is_good(case, "path_parameters"):
        for name in case.path_parameters.keys() & ids.keys():
            case.path_parameters[name] = ids[name] or case.path_parameters[name]


def _as_it_is(body: Json, _scene: Scene, _seed: int) -> Json:
    return body


def _source(body: Json, _scene: Scene, seed: int) -> Json:
    size = body["sourceSizeBytes"]
    mime = sorted(MIMES)[seed % len(MIMES)]
    return {**body, "sourceMime": mime, "sourceSizeBytes": 1 + abs(size) % MAX_SOURCE_BYTES}


def _part_urls(body: Json, _scene: Scene, seed: int) -> Json:
    numbers: list[Any] = body.get("partNumbers") or [1]
    return {"partNumber": 1} if seed % 2 else {"partNumbers": [1] * len(numbers)}


def _parts(body: Json, scene: Scene, _seed: int) -> Json:
    return {"parts": list(scene.parts)} if scene.parts else body


def _of_video(body: Json, scene: Scene, _seed: int) -> Json:
    return {**body, "videoId": scene.video_id or body["videoId"]}


def _upload_news(body: Json, scene: Scene, seed: int) -> Json:
    known = {
        "ownerId": scene.owner_id,
        "sourceFileKey": f"videos/{scene.video_id}/source.mp4",
        "sourceMime": "video/mp4",
        "sourceSizeBytes": len(NO_FILM),
        "failReason": "UPLOAD_EXPIRED",
    }
    first = {"status": "INITIATED"} if seed == SURE else {}
    return _of_video({**body, **known, **first}, scene, seed)


def _film(body: Json, scene: Scene, seed: int) -> Json:
    master = {"type": "HLS_MASTER", "fileKey": f"videos/{scene.video_id}/hls/master.m3u8"}
    known = {
        "durationSeconds": body.get("durationSeconds") or 1.5,
        "width": body.get("width") or 640,
        "height": body.get("height") or 480,
        "failReason": "TRANSCODE_ERROR",
        "assets": [master],
    }
    return _of_video({**body, **known}, scene, seed)


BODIES: Final[Mapping[str, Dress]] = {
    "createVideo": _source,
    "createUpload": _source,
    "requestPartUrls": _part_urls,
    "completeUpload": _parts,
    "reportUpload": _upload_news,
    "reportTranscoding": _film,
    "reportProgress": _of_video,
    "reportSourcePurged": _of_video,
    "reportHlsPurged": _of_video,
}
