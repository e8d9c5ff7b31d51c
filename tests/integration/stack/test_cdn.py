"""The CDN edge before the real store: published HLS and nothing else, cached, in ranges."""

import asyncio
import os
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from uuid import uuid4

import httpx
import msgspec
import pytest

from reel_messaging.webhooks import WebhookSender
from reel_stack import buckets, cdn_part
from reel_stack.ports import Ports
from reel_storage.client import s3_client
from reel_testing.infra import Infra
from reel_testing.raw_http import send_raw
from reel_testing.stack import layout_for, state_directory
from reel_testing.supervised import supervised

BODY = os.urandom(700_000)
INVALIDATIONS = "/_edge/invalidations"
IMMUTABLE = "public, max-age=31536000, immutable"
SEGMENT_TYPE = "video/iso.segment"


@dataclass(frozen=True)
class Edge:
    """A running edge before a bucket with one video."""

    infra: Infra
    bucket: str
    video: str
    http: httpx.AsyncClient

    def path(self, name: str) -> str:
        return f"/videos/{self.video}/hls/{name}"

    async def publish(
        self,
        name: str,
        body: bytes = BODY,
        cache_control: str = IMMUTABLE,
        content_type: str = SEGMENT_TYPE,
    ) -> str:
        """Put an object below the video's hls/; gives its path on the edge."""
        await self.put(self.path(name).removeprefix("/"), body, cache_control, content_type)
        return self.path(name)

    async def put(
        self,
        key: str,
        body: bytes,
        cache_control: str = IMMUTABLE,
        content_type: str = SEGMENT_TYPE,
    ) -> None:
        async with s3_client(self.infra.s3_as("transcode-service")) as client:
            await client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=body,
                ContentType=content_type,
                CacheControl=cache_control,
            )

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.http.get(path, headers=headers)


@pytest.fixture(scope="module")
async def bucket(infra: Infra) -> AsyncGenerator[str]:
    name = f"test-{uuid4().hex}"
    async with s3_client(infra.s3) as client:
        await buckets.create_bucket(client, name)
        await infra.grant(name)
        yield name
        await buckets.delete_bucket(client, name)


@pytest.fixture(scope="module")
async def url(infra: Infra, bucket: str) -> AsyncGenerator[str]:
    async with state_directory() as directory:
        layout, port = layout_for(directory / "var"), Ports().choose()
        layout.prepare()
        origin = infra.s3.endpoint_url or ""
        async with supervised(layout) as supervisor:
            part = cdn_part.part(layout, port, origin, infra.secrets, bucket=bucket)
            await supervisor.start(part)
            yield cdn_part.url(port)


@pytest.fixture
async def edge(infra: Infra, bucket: str, url: str) -> AsyncGenerator[Edge]:
    async with httpx.AsyncClient(base_url=url, timeout=20) as http:
        yield Edge(infra, bucket, str(uuid4()), http)


async def test_the_second_viewer_is_served_from_the_cache(edge: Edge) -> None:
    path = await edge.publish("720p/seg_00000.m4s")

    first, second = await edge.get(path), await edge.get(path)

    assert [answer.status_code for answer in (first, second)] == [200, 200]
    assert first.content == second.content == BODY
    assert first.headers["x-cache"].startswith("Miss")
    assert second.headers["x-cache"].startswith("Hit")
    assert second.headers["content-type"] == SEGMENT_TYPE
    assert second.headers["cache-control"] == IMMUTABLE
    assert second.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("master.m3u8", "application/vnd.apple.mpegurl"),
        ("720p/iframes.m3u8", "application/vnd.apple.mpegurl"),
        ("720p/init.mp4", "video/mp4"),
        ("720p/seg_00000.ts", "video/mp2t"),
        ("poster.jpg", "image/jpeg"),
        ("storyboard/storyboard.vtt", "text/vtt"),
    ],
)
async def test_a_type_reaches_the_viewer_as_it_was_published(
    edge: Edge, name: str, content_type: str
) -> None:
    path = await edge.publish(name, b"small", content_type=content_type)

    answers = [await edge.get(path), await edge.get(path), await edge.get(path, Range="bytes=0-1")]

    assert [answer.status_code for answer in answers] == [200, 200, 206]
    assert {answer.headers["content-type"] for answer in answers} == {content_type}
    assert {answer.headers["cache-control"] for answer in answers} == {IMMUTABLE}


async def test_viewers_who_come_together_cost_one_origin_fetch(edge: Edge) -> None:
    path = await edge.publish("720p/seg_00001.m4s")

    async with asyncio.TaskGroup() as group:
        viewers = [group.create_task(edge.get(path)) for _ in range(8)]

    answers = [viewer.result() for viewer in viewers]
    assert all(answer.content == BODY for answer in answers)
    assert sum(answer.headers["x-cache"].startswith("Miss") for answer in answers) == 1


async def test_what_must_not_be_kept_is_fetched_every_time(edge: Edge) -> None:
    path = await edge.publish("live.m3u8", b"one", cache_control="no-store")
    first = await edge.get(path)
    await edge.publish("live.m3u8", b"two", cache_control="no-store")

    second = await edge.get(path)

    assert (first.content, second.content) == (b"one", b"two")
    assert second.headers["x-cache"].startswith("Miss")


RANGES = [
    ("bytes=0-99", 0, 99),
    ("bytes=100000-", 100_000, len(BODY) - 1),
    ("bytes=-5", len(BODY) - 5, len(BODY) - 1),
    ("bytes=699990-999999", 699_990, len(BODY) - 1),
]


@pytest.mark.parametrize(("asked", "first", "last"), RANGES)
async def test_a_range_is_sent_alone(edge: Edge, asked: str, first: int, last: int) -> None:
    path = await edge.publish("720p/seg_00002.m4s")

    answer = await edge.get(path, Range=asked)

    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(BODY)}"
    assert answer.content == BODY[first : last + 1]


async def test_a_range_behind_the_end_is_not_satisfiable(edge: Edge) -> None:
    path = await edge.publish("720p/seg_00003.m4s")

    answer = await edge.get(path, Range=f"bytes={len(BODY)}-")

    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(BODY)}"


async def test_a_viewer_that_has_it_gets_no_body(edge: Edge) -> None:
    path = await edge.publish("poster.jpg")
    etag = (await edge.get(path)).headers["etag"]

    unchanged = await edge.get(path, **{"If-None-Match": etag})
    head = await edge.http.head(path)

    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(BODY))


HIDDEN = [
    "/",
    "/videos/{video}/source.mov",
    "/videos/{video}/",
    "/videos/{video}/hls",
    "/videos/{video}/hls/",
    "/videos/{video}/hls/../source.mov",
    "/videos/{video}/hls/%2e%2e/source.mov",
    "/videos/{video}/hls/..%2fsource.mov",
    "/videos/{video}/hls//../source.mov",
    "/videos/{video}/hls/720p/../../source.mov",
    "//videos/{video}/hls/master.m3u8",
    "/videos//hls/master.m3u8",
    "/videos/{video}/HLS/master.m3u8",
    "/reel-media/videos/{video}/source.mov",
    "/healthz",
]


async def test_everything_but_published_hls_is_forbidden(edge: Edge) -> None:
    await edge.put(f"videos/{edge.video}/source.mov", b"raw")
    port = edge.http.base_url.port or 0

    for template in HIDDEN:
        answer = await send_raw(port, "GET", template.format(video=edge.video), {})

        assert (answer.status, answer.body) == (403, b""), template


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_nothing_can_be_written_through_the_edge(edge: Edge, method: str) -> None:
    path = await edge.publish("master.m3u8", b"#EXTM3U")

    answer = await edge.http.request(method, path, content=b"x")

    assert answer.status_code == 403
    assert (await edge.get(path)).content == b"#EXTM3U"


async def test_what_is_not_published_is_not_found_and_not_remembered(edge: Edge) -> None:
    missing = await edge.get(edge.path("late.m3u8"))
    await edge.publish("late.m3u8", b"#EXTM3U")

    published = await edge.get(edge.path("late.m3u8"))

    assert missing.status_code == 404
    assert missing.headers["cache-control"] == "no-store"
    assert published.content == b"#EXTM3U"


async def test_a_browsers_player_may_ask_for_ranges(edge: Edge) -> None:
    answer = await edge.http.options(
        edge.path("master.m3u8"),
        headers={"Origin": "http://localhost:8081", "Access-Control-Request-Method": "GET"},
    )

    assert answer.status_code == 204
    assert "Range" in answer.headers["access-control-allow-headers"]


async def order(edge: Edge, secret: str, *paths: str) -> int:
    sender = WebhookSender(edge.http, INVALIDATIONS, secret)
    answer = await sender.send(uuid4(), msgspec.json.encode({"paths": paths}))
    return answer.status_code


async def test_a_signed_order_makes_the_edge_forget_a_video(edge: Edge) -> None:
    path = await edge.publish("720p/seg_00003.m4s", b"polluted")
    polluted = await edge.get(path)
    await edge.publish("720p/seg_00003.m4s", b"clean")
    still = await edge.get(path)
    secret = edge.infra.secrets.webhook_secrets["video-service"]

    status = await order(edge, secret, f"/videos/{edge.video}/hls/*")

    clean = await edge.get(path)
    assert (polluted.content, still.content) == (b"polluted", b"polluted")
    assert (status, clean.content) == (204, b"clean")
    assert clean.headers["x-cache"].startswith("Miss")


@pytest.mark.parametrize("path", ["/videos/*", "/videos/../*", "/", "/videos/x/hls/a"])
async def test_an_order_that_is_not_for_one_video_is_refused(edge: Edge, path: str) -> None:
    secret = edge.infra.secrets.webhook_secrets["video-service"]

    assert await order(edge, secret, path) == 403


async def test_an_order_without_the_right_signature_is_refused(edge: Edge) -> None:
    path = await edge.publish("720p/seg_00004.m4s", b"kept")
    await edge.get(path)
    others = edge.infra.secrets.webhook_secrets["upload-service"]

    forged = await order(edge, others, f"/videos/{edge.video}/hls/*")
    unsigned = await edge.http.post(INVALIDATIONS, json={"paths": ["/videos/1/hls/*"]})

    kept = await edge.get(path)
    assert (forged, unsigned.status_code) == (403, 403)
    assert kept.headers["x-cache"].startswith("Hit")
