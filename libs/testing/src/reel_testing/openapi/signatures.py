"""Signs a request when its bytes are known."""

from uuid import uuid4

from requests import PreparedRequest
from requests.auth import AuthBase
from standardwebhooks.webhooks import Webhook

from reel_kernel.clock import utc_now
from reel_messaging.webhooks import BadSignature, sign

WEBHOOK_ID = "webhook-id"


class Signature(AuthBase):
    """Standard Webhooks, over whatever body is about to be sent.

    A request without a `webhook-id` stays without one, and must be refused for it.
    """

    def __init__(self, secret: str) -> None:
        self._webhook = Webhook(secret)

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        body = r.body or b""
        if not isinstance(body, (bytes, str)):
            raise TypeError("A body that is streamed cannot be signed")
        data = body.encode() if isinstance(body, str) else body
        named = r.headers.get(WEBHOOK_ID)
        name = named.decode("latin-1") if isinstance(named, bytes) else named
        try:
            headers = sign(self._webhook, name or str(uuid4()), data, now=utc_now())
        except BadSignature:
            return r  # not UTF-8: nobody can sign that, so it arrives unsigned
        r.headers.update({key: text for key, text in headers.items() if key != WEBHOOK_ID})
        return r
