"""Access tokens for tests: a key pair of their own, good ones and bad ones."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm

ISSUER: Final = "reel"
AUDIENCE: Final = "reel-api"


@dataclass(frozen=True)
class TokenIssuer:
    """Signs ES256 tokens with a fresh P-256 key, which they call `kid` if it has a name."""

    key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))
    kid: str | None = None

    @property
    def public_pem(self) -> str:
        """The public key as `JWT_PUBLIC_KEY` wants it."""
        public = self.key.public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @property
    def public_jwk(self) -> dict[str, str]:
        """The public key as a member of a JSON Web Key Set."""
        jwk = ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {**jwk, "kid": self.kid or "", "use": "sig", "alg": "ES256"}

    def mint(self, owner: UUID | str, *, expires_in_s: float = 300, **claims: object) -> str:
        """Return a token for `owner`; `claims` replace the usual ones, None leaves one out."""
        payload: dict[str, object] = {
            "sub": str(owner),
            "iss": ISSUER,
            "aud": AUDIENCE,
            "exp": int(time.time() + expires_in_s),
            **claims,
        }
        given = {name: value for name, value in payload.items() if value is not None}
        headers = {"kid": self.kid} if self.kid else None
        return jwt.encode(given, self.key, algorithm="ES256", headers=headers)

    def header(self, owner: UUID | str) -> dict[str, str]:
        """Return the request header of a good token."""
        return {"Authorization": f"Bearer {self.mint(owner)}"}


def key_set(*issuers: TokenIssuer, others: Sequence[Mapping[str, str]] = ()) -> str:
    """Return the public keys of named issuers as a JSON Web Key Set on one line."""
    return json.dumps({"keys": [*others, *(issuer.public_jwk for issuer in issuers)]})
