"""The public keys that access tokens may be signed with, as a setting holds them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

PEM: Final = re.compile(r"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.DOTALL)
KEYS_MAX: Final = 8
"""A token without a `kid` is tried with every key."""


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A P-256 key; `kid` is what tokens call it, None if they do not."""

    kid: str | None
    key: EllipticCurvePublicKey


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Several keys, so that one can follow another without a token being refused meanwhile."""

    keys: tuple[TokenKey, ...]

    def of(self, token: str) -> Sequence[EllipticCurvePublicKey]:
        """Return the keys that may have signed a token: those of its `kid`, and nameless ones.

        A token that names no key may be of any.

        Raises:
            jwt.InvalidTokenError: it has no readable header.
        """
        kid = jwt.get_unverified_header(token).get("kid")
        return [one.key for one in self.keys if kid is None or one.kid in {kid, None}]


def read_keys(text: str) -> KeyRing:
    """Read public keys in PEM, one behind another, or a JSON Web Key Set (RFC 7517).

    Line ends of PEM may be written as backslash and n, as environment files need it. Of a set, keys
    that are not for ES256 signatures are left out; the others must have a `kid` each.

    Raises:
        TypeError: there is no P-256 key, or PEM of another.
        ValueError: not readable, a private key, a name that is missing or not unique, too many.
    """
    keys = tuple(_of_set(text) if text.lstrip().startswith("{") else _of_pem(text))
    names = [one.kid for one in keys if one.kid]
    if not keys:
        raise TypeError("ES256 needs a P-256 public key")
    if len(keys) > KEYS_MAX or len(set(names)) < len(names):
        raise ValueError(f"At most {KEYS_MAX} keys, each of another kid")
    return KeyRing(keys)


def _of_pem(text: str) -> Iterator[TokenKey]:
    unfolded = text.replace("\\n", "\n")
    for block in PEM.findall(unfolded) or [unfolded]:
        key = load_pem_public_key(block.encode())
        if not (isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)):
            raise TypeError("ES256 needs a P-256 public key")
        yield TokenKey(None, key)


def _of_set(text: str) -> Iterator[TokenKey]:
    for member in msgspec.json.decode(text, type=_KeySet).keys:
        if "d" in member:
            raise ValueError("A private key is nobody's but the issuer's")
        if (member.get("kty"), member.get("crv")) != ("EC", "P-256"):
            continue
        if member.get("use", "sig") == "sig" and member.get("alg", "ES256") == "ES256":
            yield _named(member)


def _named(member: dict[str, Any]) -> TokenKey:
    kid = member.get("kid")
    if not isinstance(kid, str) or not kid:
        raise ValueError("Each key of a set needs its kid")
    try:
        key = jwt.PyJWK(member).key
    except jwt.PyJWTError as error:
        raise ValueError(f"Key {kid} cannot be read") from error
    return TokenKey(kid, key)


class _KeySet(msgspec.Struct):
    keys: list[dict[str, Any]]
