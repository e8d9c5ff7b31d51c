"""JWT bearer authentication: ES256 and nothing else (RFC 7519, RFC 6750, RFC 8725)."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
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
MOST_REMEMBERED: Final = 8192
MOST_CHARS: Final = 2048
"""A longer token is not remembered: its signature may be padded, so its length is its sender's."""
NO_AUTH: Final = "exclude_from_auth"
"""Handlers with `opt={NO_AUTH: True}` need no token."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The caller, as the token's `sub` names them."""

    id: UUID


class TokenMemory:
    """Whose each of the tokens used last is, so that a poller's is not verified at every poll.

    A token found good stays so until then: it is verified by its own bytes, keys and names that
    never change while the process lives, and the time.
    """

    def __init__(self, most: int = MOST_REMEMBERED, clock: Callable[[], float] = time.time) -> None:
        self._most = most
        self._clock = clock
        self._known: OrderedDict[str, tuple[Owner, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def owner_of(self, token: str) -> Owner | None:
        """Return the owner of a token that is known to be good now."""
        known = self._known.get(token)
        if known is None:
            return None
        owner, ends_at = known
        if self._clock() >= ends_at:
            del self._known[token]
            return None
        self._known.move_to_end(token)
        return owner

    def remember(self, token: str, owner: Owner, ends_at: float) -> None:
        """Keep a good token; `ends_at` is in seconds since the epoch."""
        if len(token) > MOST_CHARS:
            return
        self._known[token] = (owner, ends_at)
        if len(self._known) > self._most:
            self._known.popitem(last=False)


@dataclass(frozen=True)
class JwtAuth:
    """What makes a token good: signed by one of `public_key`, for us, and not expired.

    `public_key` is what `jwt_keys.read_keys` reads: PEM, or a JSON Web Key Set.
    """

    public_key: str
    issuer: str
    audience: str
    leeway_s: int = LEEWAY_S
    _memory: TokenMemory = field(default_factory=TokenMemory, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Read the keys at start-up: a bad one must not wait for the first request.
        _ = self._keys

    @cached_property
    def _keys(self) -> KeyRing:
        return read_keys(self.public_key)

    def owner_of(self, token: str) -> Owner:
        """Return whom the token speaks for; one that is known already is not verified again.

        Raises:
            NotAuthorizedException: forged, expired, for another audience, or without a UUID `sub`.
        """
        return self._memory.owner_of(token) or self._verified(token)

    def remembered(self, token: str) -> Owner | None:
        """Return whom the token speaks for if it was verified before and is still good."""
        return self._memory.owner_of(token)

    def _verified(self, token: str) -> Owner:
        try:
            claims = self._claims(token)
            owner = Owner(UUID(claims["sub"]))
        except (jwt.InvalidTokenError, ValueError) as error:
            raise unauthorized("The access token is not valid", error="invalid_token") from error
        self._memory.remember(token, owner, ends_at=int(claims["exp"]) + self.leeway_s)
        return owner

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
