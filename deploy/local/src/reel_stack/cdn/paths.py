"""Which objects the public may see."""

import re
from typing import Final

# A key in its canonical spelling: no escapes, no empty or dot segments. It names one object only.
PUBLIC: Final = re.compile(r"/(?P<key>videos/[A-Za-z0-9_-]+/hls(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)+)")


def public_key(raw_path: bytes) -> str | None:
    """The object's key if the path, as it was sent, is `/videos/{id}/hls/…`; otherwise none."""
    found = PUBLIC.fullmatch(raw_path.decode("latin-1"))
    return None if found is None else found["key"]
