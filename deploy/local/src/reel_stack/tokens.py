"""Access tokens as the app's identity provider would issue them."""

import time
from typing import Final
from uuid import UUID

import jwt

ISSUER: Final = "reel"
AUDIENCE: Final = "reel-api"
ALGORITHM: Final = "ES256"
DEFAULT_TTL_S: Final = 24 * 3600


def mint(private_key: str, owner: UUID, *, ttl_s: int = DEFAULT_TTL_S) -> str:
    """A signed JWT whose `sub` is the owner, valid from now for ttl_s seconds."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(owner),
        "iat": now,
        "exp": now + ttl_s,
    }
    return jwt.encode(claims, private_key, algorithm=ALGORITHM)
