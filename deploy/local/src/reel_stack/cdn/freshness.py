"""How long a response may be kept (RFC 9111, as a shared cache)."""

from typing import Final

NEVER: Final = frozenset({"no-store", "no-cache", "private"})
DEFAULT_S: Final = 60
MAX_S: Final = 365 * 24 * 3600


def lifetime_s(cache_control: str | None) -> int:
    """Seconds a response stays fresh: `s-maxage` before `max-age`; 0 forbids keeping it."""
    directives = _directives(cache_control or "")
    if NEVER & directives.keys():
        return 0
    value = directives.get("s-maxage", directives.get("max-age"))
    if value is None:
        return DEFAULT_S
    return min(int(value), MAX_S) if value.isdecimal() else 0


def _directives(header: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in header.split(",") if part.strip())
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
