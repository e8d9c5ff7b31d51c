"""Settings of the edge."""

import msgspec

MIB = 1024 * 1024


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the edge listens, its origin, and the bounds of its cache.

    Orders to forget objects are signed with `invalidation_secret`; without it none is taken.
    """

    host: str
    port: int
    origin_url: str
    bucket: str
    region: str
    access_key_id: str
    secret_access_key: str
    cache_directory: str
    cache_max_bytes: int = 2048 * MIB
    object_max_bytes: int = 256 * MIB
    invalidation_secret: str | None = None
