"""JWT bearer authentication: ES256 and nothing else (RFC 7519, RFC 6750, RFC 8725)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp

from reel_http.jwt_keys import KeyRing, read_keys

LEEWAY_S: Final = 30
NO_AUTH: Final = "exclude_from_auth"
"""Handlers with `opt={NO_AUTH: True}` need no token."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The caller, as the token's `sub` names them."""

    id: UUID


@dataclass(frozen=True)
class JwtAuth:
    """What makes a token good: signed by one of `public_key`, for us, and not expired.

    `public_key` is what `jwt_keys.read_keys` reads: PEM, or a JSON Web Key Set.
    """

    public_key: str
    issuer: str
    audience: str
    leeway_s: int = LEEWAY_S

    def __post_init__(self) -> None:
        # Read the keys at start-up: a bad one must not wait for the first request.
        _ = self._keys

    @cached_property
    def _keys(self) -> KeyRing:
        return read_keys(self.public_key)

    def owner_of(self, token: str) -> Owner:
        """Return whom the token speaks for.

        Raises:
            NotAuthorizedException: forged, expired, for another audience, or without a UUID `sub`.
        """
        try:
            return Owner(UUID(self._claims(token)["sub"]))
        except (jwt.InvalidTokenError, ValueError) as error:
            raise unauthorized("The access token is not valid", error="invalid_token") from error

    def _claims(self, token: str) -> dict[str, Any]:
        for key in self._keys.of(token):
            try:
                return self._claims_by(key, token)
            except jwt.InvalidSignatureError:
                continue
        raise jwt.InvalidSignatureError("Signed by none of the accepted keys")

    def _claims_by(self, key: EllipticCurvePublicKey, token: str) -> dict[str, Any]:
        return jwt.decode(
            token,
            key,
            algorithms=["ES256"],  # never the header's choice: no `none`, no HS256 confusion
            audience=self.audience,
            issuer=self.issuer,
            leeway=self.leeway_s,
            options={"require": ["sub", "exp", "iss", "aud"]},
        )


def unauthorized(detail: str, *, error: str | None = None) -> NotAuthorizedException:
    """Build a 401 with the challenge of RFC 6750 section 3."""
    challenge = 'Bearer realm="reel"' + (f', error="{error}"' if error else "")
    return NotAuthorizedException(detail, headers={"WWW-Authenticate": challenge})


class JwtMiddleware(AbstractAuthenticationMiddleware):
    """Sets `request.user` to the `Owner`, or answers 401."""

    def __init__(self, app: ASGIApp, *, auth: JwtAuth, exclude: Sequence[str]) -> None:
        super().__init__(app, exclude=list(exclude), exclude_from_auth_key=NO_AUTH)
        self._auth = auth

    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise unauthorized("Send an access token: Authorization: Bearer <token>")
        return AuthenticationResult(user=self._auth.owner_of(token.strip()), auth=None)
