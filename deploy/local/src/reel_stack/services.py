"""Reel's own services: what to run, and the settings each reads."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from reel_stack import databases, queue, tokens
from reel_stack.keys import AccessKey, Secrets
from reel_stack.parts import Part
from reel_stack.ports import LOOPBACK
from reel_stack.probes import answers_http
from reel_stack.topology import (
    BUCKET,
    DATABASE,
    REGION,
    SERVICES,
    TRANSCODE,
    TRANSCODE_EVENTS,
    TRANSCODE_JOBS,
    UPLOAD,
    UPLOAD_EVENTS,
    VIDEO,
    Service,
    dead_letters,
)

WORKER_STOP_S: Final = 30.0
API_STOP_S: Final = 20.0
POLL_S: Final = "1"
"""Requests cost nothing here, and a stack that stops waits for the last of them."""
FFMPEG_VARIABLE: Final = "REEL_FFMPEG"
LAUNCHER_VARIABLE: Final = "REEL_LAUNCHER"
"""A module that runs the services' modules, for tests; by default Python itself does."""

Settings = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """Where everything is, once the servers run. URLs without a trailing slash.

    `worker_ports` are those of the workers beside an API, by name of the service; `settings` are
    variables with their prefix that replace or complete the stack's own; `overlays` is the
    directory of the settings files, if there is one.
    """

    postgres_admin_url: str
    s3_url: str
    sqs_url: str
    cdn_url: str
    services: Mapping[str, str]
    ports: Mapping[str, int]
    worker_ports: Mapping[str, int]
    secrets: Secrets
    work: Path
    database: str = DATABASE
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    overlays: Path | None = None

    def overlay_of(self, service: Service) -> Path | None:
        """What is laid over the service's settings at each start of one of its processes."""
        return self.overlays and self.overlays / f"{service.key}.env"


def _common(service: Service, wiring: Wiring) -> Settings:
    password = wiring.secrets.postgres_passwords[service.name]
    s3: AccessKey = wiring.secrets.s3_keys[service.name]
    sqs: AccessKey = wiring.secrets.sqs_keys[service.name]
    return {
        "DATABASE_URL": databases.service_url(
            wiring.postgres_admin_url, service, password, wiring.database
        ),
        "HOST": LOOPBACK,
        "PORT": str(wiring.ports[service.name]),
        "AWS_REGION": REGION,
        "S3_ENDPOINT_URL": wiring.s3_url,
        "S3_BUCKET": BUCKET,
        "S3_ACCESS_KEY_ID": s3.access_key_id,
        "S3_SECRET_ACCESS_KEY": s3.secret_access_key,
        "SQS_ENDPOINT_URL": wiring.sqs_url,
        "SQS_ACCESS_KEY_ID": sqs.access_key_id,
        "SQS_SECRET_ACCESS_KEY": sqs.secret_access_key,
    }


def _jwt(wiring: Wiring) -> Settings:
    return {
        "JWT_PUBLIC_KEY": wiring.secrets.jwt_public_key,
        "JWT_ISSUER": tokens.ISSUER,
        "JWT_AUDIENCE": tokens.AUDIENCE,
    }


def _video(wiring: Wiring) -> Settings:
    return _jwt(wiring) | {
        "WORKER_PORT": str(wiring.worker_ports[VIDEO.name]),
        "CDN_BASE_URL": wiring.cdn_url,
        "CDN_EDGE_URL": wiring.cdn_url,
        "CDN_EDGE_SECRET": wiring.secrets.webhook_secrets[VIDEO.name],
        "TRANSCODE_JOBS_QUEUE_URL": queue.queue_url(wiring.sqs_url, TRANSCODE_JOBS),
        "UPLOAD_EVENTS_QUEUE_URL": queue.queue_url(wiring.sqs_url, UPLOAD_EVENTS),
        "TRANSCODE_EVENTS_QUEUE_URL": queue.queue_url(wiring.sqs_url, TRANSCODE_EVENTS),
        "UPLOAD_WEBHOOK_SECRETS": wiring.secrets.webhook_secrets[UPLOAD.name],
        "TRANSCODE_WEBHOOK_SECRETS": wiring.secrets.webhook_secrets[TRANSCODE.name],
    }


def _upload(wiring: Wiring) -> Settings:
    return _jwt(wiring) | {
        "WORKER_PORT": str(wiring.worker_ports[UPLOAD.name]),
        "POLL_S": POLL_S,
        "VIDEO_SERVICE_URL": wiring.services[VIDEO.name],
        "WEBHOOK_SECRET": wiring.secrets.webhook_secrets[UPLOAD.name],
        "EVENTS_QUEUE_URL": queue.queue_url(wiring.sqs_url, UPLOAD_EVENTS),
        "S3_PUBLIC_ENDPOINT_URL": wiring.s3_url,
    }


def _transcode(wiring: Wiring) -> Settings:
    ffmpeg = os.getenv(FFMPEG_VARIABLE)
    return {
        "JOBS_QUEUE_URL": queue.queue_url(wiring.sqs_url, TRANSCODE_JOBS),
        "JOBS_DLQ_URL": queue.queue_url(wiring.sqs_url, dead_letters(TRANSCODE_JOBS)),
        "EVENTS_QUEUE_URL": queue.queue_url(wiring.sqs_url, TRANSCODE_EVENTS),
        "VIDEO_SERVICE_URL": wiring.services[VIDEO.name],
        "WEBHOOK_SECRET": wiring.secrets.webhook_secrets[TRANSCODE.name],
        "WORK_DIR": str(wiring.work),
        "POLL_S": POLL_S,
        **({} if ffmpeg is None else {"FFMPEG": ffmpeg}),
    }


OWN: Final = {VIDEO: _video, UPLOAD: _upload, TRANSCODE: _transcode}


def settings(service: Service, wiring: Wiring) -> Settings:
    """Every variable the service reads, with its prefix."""
    prefix = service.settings_prefix
    values = _common(service, wiring) | OWN[service](wiring)
    given = {name: value for name, value in wiring.settings.items() if name.startswith(prefix)}
    return {f"{prefix}{name}": value for name, value in values.items()} | given


def _module(service: Service, name: str) -> tuple[str, ...]:
    launcher = os.getenv(LAUNCHER_VARIABLE)
    modules = (
        (launcher, f"{service.package}.{name}") if launcher else (f"{service.package}.{name}",)
    )
    return (sys.executable, "-m", *modules)


def migration(service: Service, env: Mapping[str, str]) -> Part:
    """Brings the service's schema to its newest revision, then ends."""
    argv = _module(service, "migrate")
    return Part(name=f"{service.key}-migrate", argv=argv, env=env)


def parts(service: Service, wiring: Wiring) -> tuple[Part, ...]:
    """The API and the worker, each with health and metrics on a port of its own."""
    env = settings(service, wiring)
    ready = answers_http(f"{wiring.services[service.name]}/readyz")
    worker_ready = ready
    if service.has_api:
        worker_ready = answers_http(f"http://{LOOPBACK}:{wiring.worker_ports[service.name]}/readyz")
    worker = Part(
        name=f"{service.key}-worker",
        argv=_module(service, "worker"),
        env=env,
        settings_file=wiring.overlay_of(service),
        ready=worker_ready,
        is_service=True,
        stop_s=WORKER_STOP_S,
    )
    if not service.has_api:
        return (worker,)
    api = Part(
        name=f"{service.key}-api",
        argv=_module(service, "asgi"),
        env=env,
        settings_file=wiring.overlay_of(service),
        ready=ready,
        is_service=True,
        stop_s=API_STOP_S,
    )
    return (api, worker)


def all_parts(wiring: Wiring) -> tuple[Part, ...]:
    return tuple(part for service in SERVICES for part in parts(service, wiring))
