"""Orders to forget objects, as CloudFront's CreateInvalidation: signed, and nobody else's business.

`POST /_edge/invalidations` with `{"paths": ["/videos/ID/hls/*"]}` and a Standard Webhooks
signature. Without a good one the edge answers as it does to any address it does not know.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

PATH: Final = b"/_edge/invalidations"
MAX_BODY_BYTES: Final = 64 * 1024
PATTERN: Final = re.compile(r"/(?P<prefix>videos/[A-Za-z0-9_-]+/hls/(?:[A-Za-z0-9._/-]*))\*")

Receive = Callable[[], Awaitable[Mapping[str, Any]]]


class BadOrder(Exception):
    """Not signed, not of now, too long, or not an order."""


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Path patterns, each with one `*` at its end."""

    paths: list[str]


async def read_order(receive: Receive, headers: Mapping[str, str], webhook: Webhook) -> list[str]:
    """The prefixes of the keys to forget. Raises BadOrder."""
    body = await _body(receive)
    try:
        webhook.verify(body, dict(headers))
        order = msgspec.json.decode(body, type=Order)
    except (WebhookVerificationError, UnicodeDecodeError, msgspec.MsgspecError) as error:
        raise BadOrder from error
    found = [PATTERN.fullmatch(path) for path in order.paths]
    prefixes = [match["prefix"] for match in found if match]
    if len(prefixes) != len(found):
        raise BadOrder
    return prefixes


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if message["type"] != "http.request" or len(body) > MAX_BODY_BYTES:
            raise BadOrder
    return body
