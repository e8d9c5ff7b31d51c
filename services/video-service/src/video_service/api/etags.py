"""Entity tags and conditional requests (RFC 9110, sections 8.8.3 and 13.1)."""

import re
from dataclasses import dataclass
from typing import Final
from zlib import crc32

_TAG: Final = re.compile(r'(?P<weak>W/)?"(?P<opaque>[\x21\x23-\x7e\x80-\xff]*)"')

_VERSION: Final = re.compile(r"(?P<version>[0-9]{1,19})(\.(?P<revision>[0-9]{1,19}))?-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class ETags:
    """Strong tags from a row's version and whatever else shapes the answer, given as `salt`.

    A view that shows progress too has the progress's revision in its tag: progress is part of
    what a reader holds, but no version that a writer could overwrite.
    """

    salt: str

    def of(self, version: int, revision: int = 0) -> str:
        """Return the tag, quotes included."""
        shown = f"{version}.{revision}" if revision else f"{version}"
        return f'"{shown}-{crc32(self.salt.encode()):08x}"'

    def is_known(self, if_none_match: str | None, version: int, revision: int = 0) -> bool:
        """Tell whether the caller holds this answer already (weak comparison): answer 304."""
        if if_none_match is None:
            return False
        if if_none_match.strip() == "*":
            return True
        opaque = self.of(version, revision).strip('"')
        return any(tag["opaque"] == opaque for tag in _TAG.finditer(if_none_match))

    def versions(self, if_match: str | None) -> frozenset[int] | None:
        """Return the versions that `If-Match` accepts (strong comparison); None accepts any.

        A tag counts for its version, however far the transcode has come since.
        """
        if if_match is None or if_match.strip() == "*":
            return None
        strong = (tag["opaque"] for tag in _TAG.finditer(if_match) if not tag["weak"])
        matches = (_VERSION.fullmatch(opaque) for opaque in strong)
        numbers = ((int(m["version"]), int(m["revision"] or 0), m[0]) for m in matches if m)
        return frozenset(
            version
            for version, revision, opaque in numbers
            if self.of(version, revision) == f'"{opaque}"'
        )
