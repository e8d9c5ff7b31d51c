"""The public gateway: Caddy with deploy/local/gateway/Caddyfile."""

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final

from reel_stack.layout import REPOSITORY, Layout
from reel_stack.parts import Part
from reel_stack.ports import LOOPBACK
from reel_stack.probes import answers_http
from reel_stack.topology import UPLOAD, VIDEO

NAME: Final = "gateway"
CADDYFILE: Final = REPOSITORY / "deploy" / "local" / "gateway" / "Caddyfile"


def url(port: int, *, tls: bool) -> str:
    """The public base URL. With TLS it names `localhost`, for which Caddy makes a certificate."""
    return f"https://localhost:{port}" if tls else f"http://{LOOPBACK}:{port}"


def authority(layout: Layout) -> Path:
    """The certificate of the gateway's own CA, once it has served over TLS."""
    return layout.directory(NAME) / "pki" / "authorities" / "local" / "root.crt"


def part(layout: Layout, port: int, services: Mapping[str, str], *, tls: bool) -> Part:
    """Caddy; its certificates, if any, lie in its state directory."""
    directory = layout.directory(NAME)
    snippet = directory / "tls.caddy"
    snippet.write_text("tls internal\n" if tls else "")
    ca = authority(layout) if tls else None
    return Part(
        name=NAME,
        argv=(layout.program("caddy"), "run", "--adapter", "caddyfile", "--config", str(CADDYFILE)),
        env={
            "REEL_GATEWAY_SITE": url(port, tls=tls),
            "REEL_GATEWAY_STORAGE": str(directory),
            "REEL_GATEWAY_TLS_FILE": str(snippet),
            "REEL_VIDEO_SERVICE": services[VIDEO.name],
            "REEL_UPLOAD_SERVICE": services[UPLOAD.name],
            "XDG_CONFIG_HOME": str(directory),
            "XDG_DATA_HOME": str(directory),
        },
        # Nothing lies at the root, so an answer of its own shows that the gateway serves.
        ready=answers_http(url(port, tls=tls), status=HTTPStatus.NOT_FOUND, ca=ca),
    )
