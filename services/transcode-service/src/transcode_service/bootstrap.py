"""Composition root: the only module that knows every adapter."""

import os
import socket
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import SystemRandom
from typing import Final
from uuid import uuid4

import httpx
from litestar import Litestar

from reel_db.outbox import channel
from reel_db.pool import Pool
from reel_http.health import Check
from reel_messaging.outbox_metrics import outbox_depth
from reel_messaging.relay import Relay
from reel_messaging.sqs import Consumer, QueuePublisher, Valve
from reel_messaging.webhooks import WebhookSender, http_client
from reel_storage.objects import S3Objects
from transcode_service.adapters.clients import Clients, checks, open_clients, open_pool
from transcode_service.adapters.cpus import available_cpus, scheduled_cpus
from transcode_service.adapters.media import media_deps
from transcode_service.adapters.output_store import S3OutputStore
from transcode_service.adapters.pg_consumption import consumption_reader
from transcode_service.adapters.pg_history import purge_history
from transcode_service.adapters.pg_transaction import transactions
from transcode_service.adapters.progress_webhook import progress_webhook
from transcode_service.adapters.work_dir import in_own_directory, own_work_dir
from transcode_service.api.app import create_app
from transcode_service.consumers.consumption import ConsumptionWatch
from transcode_service.consumers.sweeper import Chore, Sweeper, while_open
from transcode_service.consumers.transcode_requested import transcode_requested
from transcode_service.consumers.video_deleted import video_deleted
from transcode_service.domain.backoff import RetryPolicy
from transcode_service.domain.capacity import Capacity, capacity_of
from transcode_service.ports.jobs import (
    TRANSCODE_JOBS,
    VIDEO_WEBHOOK,
    Begin,
    JobDeps,
    SendProgress,
    SweepDeps,
    Transcoder,
)
from transcode_service.settings import Settings
from transcode_service.usecases.revive import bury_canceled, revive_forgotten
from transcode_service.usecases.sweep import sweep
from transcode_service.usecases.tell_progress import tell_nobody

SERVICE: Final = "transcode-service"
SCHEMA: Final = "transcode"
WEBHOOK_PATH: Final = "/api/webhooks/transcoding"
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
    return open_pool(settings, f"{SERVICE}-{process}")


@asynccontextmanager
async def health_app(settings: Settings) -> AsyncGenerator[Litestar]:
    """Open what the checks need, and build the health app alone."""
    async with open_clients(settings, f"{SERVICE}-http") as clients:
        yield create_app(_checks(clients, settings))


@asynccontextmanager
async def worker(settings: Settings) -> AsyncGenerator[Worker]:
    """Open what the worker needs, and build its parts.

    Raises:
        FfmpegNotFound: no usable FFmpeg on this machine.
        OSError: the work directory cannot be made.
    """
    async with AsyncExitStack() as stack:
        clients = await stack.enter_async_context(open_clients(settings, f"{SERVICE}-worker"))
        transcoder = await stack.enter_async_context(_transcoder(clients, settings))
        http = await stack.enter_async_context(http_client())
        yield assemble(clients, transcoder, http, settings)


def capacity(settings: Settings) -> Capacity:
    """Return how much of this machine a worker takes."""
    wanted = None if settings.concurrency == "auto" else settings.concurrency
    return capacity_of(available_cpus(), seen=scheduled_cpus(), jobs=wanted)


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
        owner=f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}",
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
    jobs = Consumer(
        clients.sqs,
        settings.jobs_queue_url,
        transcode_requested(working),
        valve=valve,
        dlq_url=settings.jobs_dlq_url,
        visibility_s=settings.lease_s,
        wait_s=settings.poll_s,
        concurrency=capacity(settings).jobs,
        grace_s=settings.shutdown_s,
    )
    events = Consumer(
        clients.sqs,
        settings.events_queue_url,
        video_deleted(begin, wake_sweeper=sweeper.wake),
        wait_s=settings.poll_s,
        concurrency=EVENTS_AT_ONCE,
        grace_s=settings.shutdown_s,
    )
    to_video = _sender(http, WEBHOOK_PATH, settings)
    to_jobs = QueuePublisher(clients.sqs, settings.jobs_queue_url)
    return Worker(
        jobs=jobs,
        events=events,
        watch=ConsumptionWatch(consumption_reader(clients.pool), valve),
        relay=Relay(
            clients.pool,
            channel=channel(SCHEMA),
            deliver={VIDEO_WEBHOOK: to_video.as_deliver(), TRANSCODE_JOBS: to_jobs.as_deliver()},
        ),
        sweeper=sweeper,
        chores=(
            partial(bury_canceled, sweeping),
            partial(sweep, sweeping),
            while_open(valve, partial(revive_forgotten, sweeping)),
            partial(purge_history, clients.pool),
        ),
        health=create_app(_checks(clients, settings), [outbox_depth(clients.pool)]),
    )


@asynccontextmanager
async def _transcoder(clients: Clients, settings: Settings) -> AsyncGenerator[Transcoder]:
    with own_work_dir(Path(settings.work_dir)) as work_dir:
        async with media_deps(
            S3Objects(clients.s3, settings.s3_bucket),
            ffmpeg=clients.ffmpeg,
            preset=settings.preset,
            segment_s=settings.segment_s,
            threads=capacity(settings).threads,
        ) as media:
            yield in_own_directory(media, work_dir)


def _checks(clients: Clients, settings: Settings) -> Mapping[str, Check]:
    queues = {
        "transcode-jobs": settings.jobs_queue_url,
        "transcode-jobs-dlq": settings.jobs_dlq_url,
        "transcode-events": settings.events_queue_url,
    }
    return checks(clients, bucket=settings.s3_bucket, queues=queues)


def _sender(http: httpx.AsyncClient, path: str, settings: Settings) -> WebhookSender:
    return WebhookSender(
        http, settings.video_service_url.rstrip("/") + path, settings.webhook_secret
    )


def _retry(settings: Settings) -> RetryPolicy:
    return RetryPolicy(
        max_attempts=settings.max_attempts,
        base_s=settings.retry_base_s,
        max_s=settings.retry_max_s,
    )
