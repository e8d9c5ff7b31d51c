"""Composition root: the only module that knows every adapter."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from litestar import Litestar

from reel_db import health, pool
from reel_db.chores import Chore
from reel_db.history import purge_history
from reel_db.idempotency import PgKeyLedger, purging_keys
from reel_db.outbox import channel
from reel_db.pool import Pool
from reel_http.app import worker_app
from reel_http.auth import JwtAuth
from reel_http.fair_use import request_rate
from reel_http.health import Check
from reel_kernel.clock import utc_now
from reel_kernel.effects import Effect
from reel_kernel.ids import new_id
from reel_messaging.outbox_metrics import outbox_depth
from reel_messaging.relay import Relay
from reel_messaging.sqs import QueuePublisher, SqsSettings, queue_reachable, sqs_client
from reel_messaging.webhooks import WebhookVerifier
from reel_storage.client import S3Settings, s3_client
from reel_storage.objects import S3Objects
from video_service.adapters.cdn_client import CdnSettings, cdn_cache
from video_service.adapters.change_feed import ChangeFeed
from video_service.adapters.deliveries import on_delivered, to_cdn
from video_service.adapters.pg_transaction import begin
from video_service.adapters.polled_videos import polled_videos
from video_service.adapters.progress_table import PgProgressTable
from video_service.adapters.source_store import S3SourceStore
from video_service.adapters.video_reader import PgVideoReader
from video_service.adapters.work_lists import PgWorkLists
from video_service.api.app import Wiring, create_app
from video_service.api.edge import Edge
from video_service.domain.stuck import Patience
from video_service.ports import CdnCache, Deps, SourceStore
from video_service.ports.following import Changes
from video_service.settings import Settings
from video_service.usecases.destinations import (
    CDN_CACHE,
    TRANSCODE_EVENTS,
    TRANSCODE_JOBS,
    UPLOAD_EVENTS,
)
from video_service.usecases.sweep import Policy, sweep

if TYPE_CHECKING:
    from types_aiobotocore_sqs import SQSClient

SERVICE = "video-service"
SCHEMA = "video"
SENT: Final = {
    TRANSCODE_JOBS: Effect.JOB_SENT,
    UPLOAD_EVENTS: Effect.UPLOAD_EVENT_SENT,
    TRANSCODE_EVENTS: Effect.TRANSCODE_EVENT_SENT,
}


def database(settings: Settings, process: str) -> AbstractAsyncContextManager[Pool]:
    """Open the pool of this process; `process` is what `pg_stat_activity` shows."""
    return pool.connect(
        settings.database_url,
        max_size=settings.database_pool_max,
        application_name=f"{SERVICE}-{process}",
    )


@asynccontextmanager
async def change_feed(pool_: Pool, stop: asyncio.Event) -> AsyncGenerator[ChangeFeed]:
    """Listen for changes during the block; `stop` sends the followers away."""
    feed = ChangeFeed()
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(feed.run(pool_, SCHEMA), name="listen-changes"),
            group.create_task(feed.close_on(stop), name="end-streams"),
        ]
        try:
            yield feed
        finally:
            for task in tasks:
                task.cancel()


@asynccontextmanager
async def http_app(settings: Settings, stop: asyncio.Event) -> AsyncGenerator[Litestar]:
    """Open what the HTTP process needs, and build its app; `stop` ends the event streams."""
    async with (
        database(settings, "http") as pool_,
        s3_client(_s3(settings)) as s3,
        sqs_client(_sqs(settings)) as sqs,
        change_feed(pool_, stop) as changes,
        polled_videos(pool_) as polled,
    ):
        deps = build_deps(pool_, S3SourceStore(S3Objects(s3, settings.s3_bucket)), changes)
        yield create_app(
            Wiring(
                edge=Edge.of(deps, settings.cdn_base_url),
                auth=JwtAuth(settings.jwt_public_key, settings.jwt_issuer, settings.jwt_audience),
                from_upload=WebhookVerifier(settings.upload_webhook_secrets),
                from_transcode=WebhookVerifier(settings.transcode_webhook_secrets),
                health=_checks(pool_, sqs, settings),
                rate=request_rate(settings.owner_requests_per_s, settings.owner_requests_burst),
                keys=PgKeyLedger(pool_),
                polled=polled,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """What the background process runs; `chores` are done over and over."""

    relay: Relay
    health: Litestar
    chores: Sequence[Chore]


@asynccontextmanager
async def worker(settings: Settings) -> AsyncGenerator[Worker]:
    """Open what the background process needs, and build what it runs."""
    async with (
        database(settings, "worker") as pool_,
        s3_client(_s3(settings)) as s3,
        sqs_client(_sqs(settings)) as sqs,
        cdn(settings) as cdn_,
        purging_keys(pool_),
    ):
        deps = build_deps(pool_, S3SourceStore(S3Objects(s3, settings.s3_bucket)))
        queues = {
            name: QueuePublisher(sqs, url).as_deliver(SENT[name])
            for name, url in _queues(settings).items()
        }
        yield Worker(
            relay=Relay(
                pool_,
                channel=channel(SCHEMA),
                deliver={**queues, CDN_CACHE: to_cdn(cdn_)},
                on_delivered=on_delivered,
            ),
            health=worker_app(
                title="Reel video-service, worker",
                health=_checks(pool_, sqs, settings),
                samples=[outbox_depth(pool_)],
            ),
            chores=(partial(sweep, policy(settings), deps), partial(purge_history, pool_)),
        )


def build_deps(pool_: Pool, sources: SourceStore, changes: Changes | None = None) -> Deps:
    """Put the adapters behind the ports; without a feed nobody can follow a video."""
    return Deps(
        begin=partial(begin, pool_),
        reader=PgVideoReader(pool_),
        progress=PgProgressTable(pool_),
        changes=changes or ChangeFeed(),
        sources=sources,
        work=PgWorkLists(pool_),
        now=utc_now,
        new_id=new_id,
    )


def policy(settings: Settings) -> Policy:
    """Take the ages from the settings."""
    return Policy(
        patience=Patience(
            draft=timedelta(seconds=settings.draft_max_s),
            uploading=timedelta(seconds=settings.uploading_max_s),
            uploaded=timedelta(seconds=settings.uploaded_max_s),
            transcoding=timedelta(seconds=settings.transcoding_quiet_s),
        ),
        erase_after=timedelta(seconds=settings.erase_after_s),
    )


def cdn(settings: Settings) -> AbstractAsyncContextManager[CdnCache]:
    """Open the CDN that the settings name."""
    return cdn_cache(
        CdnSettings(
            distribution_id=settings.cdn_distribution_id,
            edge_url=settings.cdn_edge_url,
            edge_secret=settings.cdn_edge_secret,
        )
    )


@asynccontextmanager
async def source_store(settings: Settings) -> AsyncGenerator[S3SourceStore]:
    """Open the store of sources alone, for a command."""
    async with s3_client(_s3(settings)) as s3:
        yield S3SourceStore(S3Objects(s3, settings.s3_bucket))


def _queues(settings: Settings) -> dict[str, str]:
    return {
        TRANSCODE_JOBS: settings.transcode_jobs_queue_url,
        UPLOAD_EVENTS: settings.upload_events_queue_url,
        TRANSCODE_EVENTS: settings.transcode_events_queue_url,
    }


def _checks(pool_: Pool, sqs: "SQSClient", settings: Settings) -> dict[str, Check]:
    return {
        "database": partial(health.ping, pool_),
        **{
            f"queue:{name}": partial(queue_reachable, sqs, url)
            for name, url in _queues(settings).items()
        },
    }


def _s3(settings: Settings) -> S3Settings:
    return S3Settings(
        region=settings.aws_region,
        endpoint_url=settings.s3_endpoint_url,
        access_key_id=settings.s3_access_key_id,
        secret_access_key=settings.s3_secret_access_key,
    )


def _sqs(settings: Settings) -> SqsSettings:
    return SqsSettings(
        region=settings.aws_region,
        endpoint_url=settings.sqs_endpoint_url,
        access_key_id=settings.sqs_access_key_id,
        secret_access_key=settings.sqs_secret_access_key,
    )
