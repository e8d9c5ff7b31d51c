"""Composition root: the only module that knows every adapter."""

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import SystemRandom
from typing import Final

import httpx
from litestar import Litestar

from reel_db import pool
from reel_db.outbox import channel
from reel_db.pool import Pool
from reel_http.health import Check
from reel_kernel.effects import Effect
from reel_messaging.outbox_metrics import outbox_depth
from reel_messaging.relay import Relay
from reel_messaging.sqs import Consumer, QueuePublisher, SqsSettings, Valve
from reel_messaging.webhooks import WebhookSender, http_client
from reel_storage.client import S3Settings
from reel_storage.objects import S3Objects
from transcode_service.adapters.clients import Clients, checks, open_clients
from transcode_service.adapters.cpus import own_capacity
from transcode_service.adapters.output_store import S3OutputStore
from transcode_service.adapters.pg_consumption import consumption_reader
from transcode_service.adapters.pg_history import purge_history
from transcode_service.adapters.pg_transaction import transactions
from transcode_service.adapters.progress_webhook import progress_webhook
from transcode_service.adapters.work_dir import open_transcoder
from transcode_service.adapters.worker_name import own_name
from transcode_service.api.app import create_app
from transcode_service.consumers.consumption import ConsumptionWatch
from transcode_service.consumers.sweeper import Chore, Sweeper, tidying
from transcode_service.consumers.transcode_requested import transcode_requested
from transcode_service.consumers.video_deleted import video_deleted
from transcode_service.domain.backoff import RetryPolicy
from transcode_service.domain.capacity import Capacity
from transcode_service.domain.command import EncodeSettings
from transcode_service.domain.packaging import PACKAGINGS
from transcode_service.ports.jobs import (
    PURGE_WEBHOOK,
    TRANSCODE_JOBS,
    VIDEO_WEBHOOK,
    Begin,
    JobDeps,
    SendProgress,
    SweepDeps,
    Transcoder,
)
from transcode_service.settings import Settings
from transcode_service.usecases.tell_progress import tell_nobody

SERVICE: Final = "transcode-service"
SCHEMA: Final = "transcode"
RESULT_PATH: Final = "/api/webhooks/transcoding"
PURGED_PATH: Final = "/api/webhooks/transcoding/purged"
PROGRESS_PATH: Final = "/api/webhooks/progress"

BEAT_S: Final = 1.0
"""Longest time between heartbeats, hence until a running attempt learns that it was cancelled."""
EVENTS_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class Worker:
    """Everything that runs in the worker process; `watch` turns `jobs` off and on."""

    jobs: Consumer
    events: Consumer
    watch: ConsumptionWatch
    relay: Relay
    sweeper: Sweeper
    chores: Sequence[Chore]
    health: Litestar


def database(settings: Settings, process: str) -> AbstractAsyncContextManager[Pool]:
    """Open the pool of this process; `process` is what `pg_stat_activity` shows."""
    return pool.connect(
        settings.database_url,
        max_size=settings.database_pool_max,
        application_name=f"{SERVICE}-{process}",
    )


def _clients(settings: Settings, process: str) -> AbstractAsyncContextManager[Clients]:
    return open_clients(
        database(settings, process),
        s3=_s3(settings),
        sqs=_sqs(settings),
        ffmpeg=Path(settings.ffmpeg) if settings.ffmpeg else None,
    )


@asynccontextmanager
async def health_app(settings: Settings) -> AsyncGenerator[Litestar]:
    """Open what the checks need, and build the health app alone."""
    async with _clients(settings, "http") as clients:
        yield create_app(_checks(clients, settings))


@asynccontextmanager
async def worker(settings: Settings) -> AsyncGenerator[Worker]:
    """Open what the worker needs, and build its parts.

    Raises:
        FfmpegNotFound: no usable FFmpeg on this machine.
        OSError: the work directory cannot be made.
    """
    async with (
        _clients(settings, "worker") as clients,
        _transcoder(clients, settings) as transcoder,
        http_client() as http,
    ):
        yield assemble(clients, transcoder, http, settings)


def capacity(settings: Settings) -> Capacity:
    """Return how much of this machine a worker takes."""
    return own_capacity(None if settings.concurrency == "auto" else settings.concurrency)


def job_deps(
    begin: Begin,
    transcoder: Transcoder,
    sweeper: Sweeper,
    settings: Settings,
    *,
    send_progress: SendProgress = tell_nobody,
) -> JobDeps:
    """Return what a job needs; this process is the owner of its leases."""
    return JobDeps(
        begin=begin,
        transcode=transcoder,
        owner=own_name(),
        retry=_retry(settings),
        random=SystemRandom().random,
        lease_s=settings.lease_s,
        beat_s=min(BEAT_S, settings.lease_s / 4),
        wake_sweeper=sweeper.wake,
        send_progress=send_progress,
        monotonic=time.monotonic,
    )


def sweep_deps(begin: Begin, objects: S3Objects, settings: Settings) -> SweepDeps:
    """Return what tidying up needs."""
    return SweepDeps(
        begin=begin,
        store=S3OutputStore(objects),
        retry=_retry(settings),
        settle=timedelta(seconds=max(300, 2 * settings.lease_s)),
        forgotten=timedelta(seconds=max(10 * settings.lease_s, 2 * settings.retry_max_s)),
    )


def assemble(
    clients: Clients, transcoder: Transcoder, http: httpx.AsyncClient, settings: Settings
) -> Worker:
    """Wire a worker's parts together."""
    begin = transactions(clients.pool)
    sweeper = Sweeper()
    valve = Valve(is_open=False)  # until the database says that jobs are wanted
    sweeping = sweep_deps(begin, S3Objects(clients.s3, settings.s3_bucket), settings)
    send_progress = progress_webhook(_sender(http, PROGRESS_PATH, settings))
    working = job_deps(begin, transcoder, sweeper, settings, send_progress=send_progress)
    consumer = partial(Consumer, clients.sqs, wait_s=settings.poll_s, grace_s=settings.shutdown_s)
    jobs = consumer(
        settings.jobs_queue_url,
        transcode_requested(working),
        valve=valve,
        dlq_url=settings.jobs_dlq_url,
        visibility_s=settings.lease_s,
        concurrency=capacity(settings).jobs,
    )
    forget = video_deleted(begin, wake_sweeper=sweeper.wake)
    events = consumer(settings.events_queue_url, forget, concurrency=EVENTS_AT_ONCE)
    to_jobs = QueuePublisher(clients.sqs, settings.jobs_queue_url).as_deliver(Effect.JOB_RESENT)
    deliver = {
        VIDEO_WEBHOOK: _sender(http, RESULT_PATH, settings).as_deliver(Effect.TRANSCODE_NEWS_SENT),
        PURGE_WEBHOOK: _sender(http, PURGED_PATH, settings).as_deliver(Effect.OUTPUTS_PURGE_SENT),
        TRANSCODE_JOBS: to_jobs,
    }
    return Worker(
        jobs=jobs,
        events=events,
        watch=ConsumptionWatch(consumption_reader(clients.pool), valve),
        relay=Relay(clients.pool, channel=channel(SCHEMA), deliver=deliver),
        sweeper=sweeper,
        chores=(*tidying(sweeping, valve), partial(purge_history, clients.pool)),
        health=create_app(_checks(clients, settings), [outbox_depth(clients.pool)]),
    )


def _transcoder(clients: Clients, settings: Settings) -> AbstractAsyncContextManager[Transcoder]:
    return open_transcoder(
        S3Objects(clients.s3, settings.s3_bucket),
        work_dir=Path(settings.work_dir),
        ffmpeg=clients.ffmpeg,
        settings=EncodeSettings(
            preset=settings.preset,
            segment_s=settings.segment_s,
            packaging=PACKAGINGS[settings.container],
            threads=capacity(settings).threads,
        ),
    )


def _checks(clients: Clients, settings: Settings) -> Mapping[str, Check]:
    queues = {
        "transcode-jobs": settings.jobs_queue_url,
        "transcode-jobs-dlq": settings.jobs_dlq_url,
        "transcode-events": settings.events_queue_url,
    }
    return checks(clients, bucket=settings.s3_bucket, queues=queues)


def _sender(http: httpx.AsyncClient, path: str, settings: Settings) -> WebhookSender:
    base = settings.video_service_url.rstrip("/")
    return WebhookSender(http, base + path, settings.webhook_secret)


def _retry(settings: Settings) -> RetryPolicy:
    return RetryPolicy(
        max_attempts=settings.max_attempts, base_s=settings.retry_base_s, max_s=settings.retry_max_s
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
