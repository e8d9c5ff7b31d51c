"""Locks to which nobody has a key, for an app that only describes itself."""

from base64 import b64encode
from secrets import token_bytes

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from reel_http.auth import JwtAuth
from reel_messaging.webhooks import WebhookVerifier


def anonymous_auth() -> JwtAuth:
    """Return a check that no token passes: its private key is gone already."""
    public_key = generate_private_key(SECP256R1()).public_key()
    pem = public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return JwtAuth(pem.decode(), issuer="nobody", audience="nobody")


def closed_verifier() -> WebhookVerifier:
    """Return a check that no webhook passes."""
    return WebhookVerifier([f"whsec_{b64encode(token_bytes(32)).decode()}"])
