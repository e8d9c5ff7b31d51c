"""Entity tags and conditional requests (RFC 9110, sections 8.8.3 and 13.1)."""

import re
from dataclasses import dataclass
from typing import Final
from zlib import crc32

_TAG: Final = re.compile(r'(?P<weak>W/)?"(?P<opaque>[\x21\x23-\x7e\x80-\xff]*)"')


@dataclass(frozen=True, slots=True)
class ETags:
    """Strong tags from a row's version and whatever else shapes the answer, given as `salt`."""

    salt: str

    def of(self, version: int) -> str:
        """Return the tag, quotes included."""
        return f'"{version}-{crc32(self.salt.encode()):08x}"'

    def is_known(self, if_none_match: str | None, version: int) -> bool:
        """Tell whether the caller holds this version already (weak comparison): answer 304."""
        if if_none_match is None:
            return False
        if if_none_match.strip() == "*":
            return True
        opaque = self.of(version).strip('"')
        return any(tag["opaque"] == opaque for tag in _TAG.finditer(if_none_match))

    def versions(self, if_match: str | None) -> frozenset[int] | None:
        """Return the versions that `If-Match` accepts (strong comparison); None accepts any."""
        if if_match is None or if_match.strip() == "*":
            return None
        strong = (tag["opaque"] for tag in _TAG.finditer(if_match) if not tag["weak"])
        heads = (opaque.partition("-")[0] for opaque in strong)
        candidates = {int(head) for head in heads if head.isascii() and head.isdigit()}
        return frozenset(v for v in candidates if self.of(v) in if_match)
