"""Composition root: the only module that knows every adapter."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from httpx import AsyncClient
from litestar import Litestar

from reel_db import health, pool
from reel_db.chores import Chore
from reel_db.history import purge_history
from reel_db.idempotency import PgKeyLedger, purging_keys
from reel_db.inbox import PgInbox
from reel_db.outbox import PgOutbox, channel
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
from reel_messaging.sqs import Consumer, SqsSettings, queue_reachable, sqs_client
from reel_messaging.webhooks import WebhookSender, http_client
from reel_storage.client import S3Settings, bucket_reachable, s3_client
from reel_storage.multipart import S3Multipart
from reel_storage.objects import S3Objects
from upload_service.adapters.purges import PgPurges
from upload_service.adapters.session_housekeeping import PgSessionHousekeeping
from upload_service.adapters.session_repository import PgSessionRepository
from upload_service.adapters.source_store import S3SourceStore
from upload_service.adapters.video_service import WebhookVideoService
from upload_service.api.app import create_app
from upload_service.consumers.video_events import video_events
from upload_service.domain.policy import Policy
from upload_service.ports import PURGE_WEBHOOK, VIDEO_WEBHOOK, Deps, Transaction
from upload_service.settings import Settings
from upload_service.usecases.sweep import sweep

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_sqs import SQSClient

SERVICE = "upload-service"
SCHEMA = "upload"
WEBHOOK_PATH = "/api/webhooks/uploads"
PURGED_PATH = "/api/webhooks/uploads/purged"


@dataclass(frozen=True, slots=True)
class PgTransaction:
    sessions: PgSessionRepository
    housekeeping: PgSessionHousekeeping
    purges: PgPurges
    outbox: PgOutbox
    inbox: PgInbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """`presign_s3` puts the public address of the store into part URLs."""

    s3: "S3Client"
    presign_s3: "S3Client"
    sqs: "SQSClient"
    http: AsyncClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Infrastructure:
    """The connections of one process, and the use cases' view of them."""

    pool: Pool
    clients: Clients
    webhook: WebhookSender
    purged: WebhookSender
    deps: Deps


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """What the background process runs; `chores` are done over and over."""

    relay: Relay
    consumer: Consumer
    chores: Sequence[Chore]
    health: Litestar


@asynccontextmanager
async def begin(pool_: Pool, effect: Effect | None = None, /) -> AsyncGenerator[Transaction]:
    """Open a transaction on one connection."""
    async with pool.transaction(pool_, effect) as connection:
        yield PgTransaction(
            PgSessionRepository(connection),
            PgSessionHousekeeping(connection),
            PgPurges(connection),
            PgOutbox(connection),
            PgInbox(connection),
        )


def database(settings: Settings, process: str) -> AbstractAsyncContextManager[Pool]:
    """Open the pool of this process; `process` is what `pg_stat_activity` shows."""
    return pool.connect(
        settings.database_url,
        max_size=settings.database_pool_max,
        application_name=f"{SERVICE}-{process}",
    )


@asynccontextmanager
async def http_app(settings: Settings) -> AsyncGenerator[Litestar]:
    """Open what the HTTP process needs, and build its app."""
    async with database(settings, "http") as pool_, clients(settings) as clients_:
        yield build_app(settings, wire(settings, pool_, clients_))


@asynccontextmanager
async def worker(settings: Settings) -> AsyncGenerator[Worker]:
    """Open what the background process needs, and build what it runs."""
    async with (
        database(settings, "worker") as pool_,
        clients(settings) as clients_,
        purging_keys(pool_),
    ):
        yield build_worker(settings, wire(settings, pool_, clients_))


@asynccontextmanager
async def clients(settings: Settings) -> AsyncGenerator[Clients]:
    """Open a client of every server but the database; the servers may still be away."""
    s3_settings = _s3(settings)
    public = settings.s3_public_endpoint_url or settings.s3_endpoint_url
    async with (
        s3_client(s3_settings) as s3,
        s3_client(replace(s3_settings, endpoint_url=public)) as presign_s3,
        sqs_client(_sqs(settings)) as sqs,
        http_client() as http,
    ):
        yield Clients(s3=s3, presign_s3=presign_s3, sqs=sqs, http=http)


def wire(settings: Settings, pool_: Pool, clients_: Clients) -> Infrastructure:
    """Put the adapters behind the ports."""
    url = settings.video_service_url.rstrip("/")
    webhook = WebhookSender(clients_.http, url + WEBHOOK_PATH, settings.webhook_secret)
    purged = WebhookSender(clients_.http, url + PURGED_PATH, settings.webhook_secret)
    multipart = S3Multipart(clients_.s3, settings.s3_bucket, clients_.presign_s3)
    deps = Deps(
        begin=partial(begin, pool_),
        store=S3SourceStore(multipart, S3Objects(clients_.s3, settings.s3_bucket)),
        video_service=WebhookVideoService(webhook, attempt_timeout_s=settings.admission_timeout_s),
        now=utc_now,
        new_id=new_id,
        policy=policy(settings),
    )
    return Infrastructure(pool=pool_, clients=clients_, webhook=webhook, purged=purged, deps=deps)


def build_app(settings: Settings, infra: Infrastructure) -> Litestar:
    """Build the HTTP application."""
    return create_app(
        infra.deps,
        auth=JwtAuth(settings.jwt_public_key, settings.jwt_issuer, settings.jwt_audience),
        health=_checks(settings, infra),
        rate=request_rate(settings.owner_requests_per_s, settings.owner_requests_burst),
        keys=PgKeyLedger(infra.pool),
    )


def _checks(settings: Settings, infra: Infrastructure) -> dict[str, Check]:
    return {
        "database": partial(health.ping, infra.pool),
        "store": partial(bucket_reachable, infra.clients.s3, settings.s3_bucket),
        "queue": partial(queue_reachable, infra.clients.sqs, settings.events_queue_url),
    }


def build_worker(settings: Settings, infra: Infrastructure) -> Worker:
    """Build what the background process runs."""
    return Worker(
        relay=Relay(
            infra.pool,
            channel=channel(SCHEMA),
            deliver={
                VIDEO_WEBHOOK: infra.webhook.as_deliver(Effect.UPLOAD_NEWS_SENT),
                PURGE_WEBHOOK: infra.purged.as_deliver(Effect.SOURCE_PURGE_SENT),
            },
        ),
        consumer=Consumer(
            infra.clients.sqs,
            settings.events_queue_url,
            video_events(infra.deps),
            wait_s=settings.poll_s,
        ),
        chores=(partial(sweep, infra.deps), partial(purge_history, infra.pool)),
        health=worker_app(
            title="Reel upload-service, worker",
            health=_checks(settings, infra),
            samples=[outbox_depth(infra.pool)],
        ),
    )


def policy(settings: Settings) -> Policy:
    """Take the numbers of the flow from the settings."""
    return Policy(
        part_size_bytes=settings.part_size_bytes,
        part_url_ttl_s=settings.part_url_ttl_s,
        session_ttl=timedelta(seconds=settings.session_ttl_s),
        stray_age=timedelta(seconds=settings.stray_upload_age_s),
        open_sessions_max=settings.owner_open_sessions_max,
        bytes_in_flight_max=settings.owner_bytes_in_flight_max,
    )


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
