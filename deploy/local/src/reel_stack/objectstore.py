"""The S3 store: OpenStack Swift with its s3api middleware, four servers on one disk."""

import os
from pathlib import Path
from typing import Final

import httpx

from reel_stack.errors import ServersMissing, StackError
from reel_stack.keys import ADMIN, Secrets
from reel_stack.layout import REPOSITORY, Layout
from reel_stack.parts import Part
from reel_stack.ports import LOOPBACK, Ports
from reel_stack.probes import answers_http
from reel_stack.topology import CDN, REGION, SERVICES

NAME: Final = "objectstore"
ACCOUNT: Final = "reel"
LAUNCHER: Final = REPOSITORY / "deploy" / "local" / "servers" / "swift_servers.py"
STORAGE_SERVERS: Final = ("account", "container", "object")
TIMEOUT_S: Final = 10.0
PROBED_ATTRIBUTE: Final = "user.reel"

SWIFT_CONF: Final = """\
[swift-hash]
swift_hash_path_suffix = {suffix}
"""
SERVER_CONF: Final = """\
[DEFAULT]
bind_ip = {ip}
bind_port = {port}
workers = 0
swift_dir = {directory}
devices = {directory}/devices
mount_check = false
disable_fallocate = true
log_level = WARNING

[pipeline:main]
pipeline = {name}-server

[app:{name}-server]
use = egg:swift#{name}
"""
PROXY_CONF: Final = """\
[DEFAULT]
bind_ip = {ip}
bind_port = {port}
workers = 0
swift_dir = {directory}
log_level = WARNING
cors_allow_origin = *
cors_expose_headers = ETag

[pipeline:main]
pipeline = catch_errors listing_formats s3api tempauth copy slo dlo proxy-server

[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true

[filter:catch_errors]
use = egg:swift#catch_errors

[filter:listing_formats]
use = egg:swift#listing_formats

[filter:s3api]
use = egg:swift#s3api
location = {region}
min_segment_size = 5242880
cors_preflight_allow_origin = *

[filter:tempauth]
use = egg:swift#tempauth
active_fernet_key_id = stack
fernet_key_stack = {token_key}
{users}

[filter:copy]
use = egg:swift#copy

[filter:slo]
use = egg:swift#slo
allow_async_delete = false

[filter:dlo]
use = egg:swift#dlo
"""


def _users(secrets: Secrets) -> str:
    """One line a key; the administrator's alone has rights without being granted them."""
    return "\n".join(
        f"user_{ACCOUNT}_{name} = {key.secret_access_key}{' .admin' if name == ADMIN else ''}"
        for name, key in secrets.s3_keys.items()
    )


def configure(layout: Layout, port: int, ports: Ports, secrets: Secrets) -> None:
    """Write the servers' configuration. Raises StackError on an unfit file system."""
    directory = layout.directory(NAME)
    device = directory / "devices" / "d"
    device.mkdir(parents=True, exist_ok=True)
    _check_attributes(device)
    common = {
        "ip": LOOPBACK,
        "directory": directory,
    }
    files = {
        name: SERVER_CONF.format(name=name, port=ports.choose(), **common)
        for name in STORAGE_SERVERS
    }
    files["proxy"] = PROXY_CONF.format(
        port=port,
        region=REGION,
        token_key=secrets.store_token_key,
        users=_users(secrets),
        **common,
    )
    files["swift"] = SWIFT_CONF.format(suffix=secrets.store_hash_suffix)
    for name, text in files.items():
        (directory / f"{name}.conf").write_text(text)


def _check_attributes(directory: Path) -> None:
    """Swift keeps an object's metadata in extended attributes of its file."""
    try:
        os.setxattr(directory, PROBED_ATTRIBUTE, b"1")
    except OSError as error:
        raise StackError(
            f"the file system of {directory} keeps no extended attributes ({error.strerror}), "
            "which the object store needs; choose another directory with --var"
        ) from error


def url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def part(layout: Layout, port: int) -> Part:
    """The four servers below one launcher; see the launcher for why."""
    python = layout.servers / "bin" / "python"
    if not python.exists():
        raise ServersMissing(layout.servers)
    return Part(
        name=NAME,
        argv=(str(python), str(LAUNCHER), str(layout.directory(NAME))),
        ready=answers_http(f"{url(port)}/info"),
    )


async def grant(endpoint_url: str, bucket: str, secrets: Secrets) -> None:
    """Give each service's key its rights on a bucket, as IAM policies do in the cloud.

    Swift knows reading and writing a whole bucket, no prefixes. Parts of multipart uploads lie in
    a second container, which takes the same rights.
    """
    accounts = {service.name: f"{ACCOUNT}:{service.name}" for service in SERVICES}
    writers = [accounts[service.name] for service in SERVICES if service.writes_objects]
    rights = {
        "x-container-read": ",".join([*accounts.values(), f"{ACCOUNT}:{CDN}"]),
        "x-container-write": ",".join(writers),
    }
    async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as http:
        admin = secrets.s3_keys[ADMIN]
        login = await http.get(
            f"{endpoint_url}/auth/v1.0",
            headers={"x-auth-user": admin.access_key_id, "x-auth-key": admin.secret_access_key},
        )
        login.raise_for_status()
        token = {"x-auth-token": login.headers["x-auth-token"]}
        for container in (bucket, f"{bucket}+segments"):
            path = f"{login.headers['x-storage-url']}/{container}"
            (await http.put(path, headers=token | rights)).raise_for_status()
