"""The stack's secrets: made at its first start, kept in one file that only its owner can read."""

import base64
import os
import secrets
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from reel_stack.topology import CDN, SERVICES

ADMIN: Final = "admin"
OWNER_ONLY: Final = 0o600
WEBHOOK_SECRET_BYTES: Final = 32


class AccessKey(msgspec.Struct, frozen=True, rename="camel"):
    """An AWS style key pair."""

    access_key_id: str
    secret_access_key: str


class Secrets(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Everything the stack must not tell.

    Attributes:
        postgres_passwords: of the administrator (`admin`) and of each service's role.
        s3_keys: of the administrator, each service and the CDN.
        sqs_keys: the same for queues; made by the queue server itself.
        webhook_secrets: what each sender signs with (`whsec_` and base64, Standard Webhooks).
        jwt_private_key: P-256 in PEM, PKCS #8; jwt_public_key its counterpart.
        store_hash_suffix: what the store mixes into the hashes that place objects.
        store_token_key: what the store encrypts its own tokens with.
    """

    postgres_passwords: dict[str, str]
    s3_keys: dict[str, AccessKey]
    sqs_keys: dict[str, AccessKey] = {}
    webhook_secrets: dict[str, str]
    jwt_private_key: str
    jwt_public_key: str
    store_hash_suffix: str
    store_token_key: str


def _webhook_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(WEBHOOK_SECRET_BYTES)).decode()


def _jwt_pair() -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


def generate(store_account: str) -> Secrets:
    """Fresh secrets; store keys are users of the given account of the store."""
    names = (ADMIN, *(service.name for service in SERVICES))
    private, public = _jwt_pair()
    return Secrets(
        postgres_passwords={name: secrets.token_urlsafe(24) for name in names},
        s3_keys={
            name: AccessKey(f"{store_account}:{name}", secrets.token_urlsafe(30))
            for name in (*names, CDN)
        },
        webhook_secrets={sender.name: _webhook_secret() for sender in SERVICES},
        jwt_private_key=private,
        jwt_public_key=public,
        store_hash_suffix=secrets.token_hex(16),
        store_token_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    )


def load(path: Path) -> Secrets:
    """Read the secrets. Raises FileNotFoundError before the first start."""
    return msgspec.json.decode(path.read_bytes(), type=Secrets)


def save(path: Path, kept: Secrets) -> None:
    """Replace the file at once; never readable by anyone but its owner."""
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(kept), indent=2))
    fresh.replace(path)


def load_or_generate(path: Path, store_account: str) -> Secrets:
    """The kept secrets, made now if this is the first start, or if one is of a later release."""
    if path.exists():
        kept = load(path)
        if all(service.name in kept.webhook_secrets for service in SERVICES):
            return kept
        new = {service.name: _webhook_secret() for service in SERVICES}
        made = msgspec.structs.replace(kept, webhook_secrets=new | kept.webhook_secrets)
    else:
        made = generate(store_account)
    save(path, made)
    return made
