"""Entity tags and conditional requests (RFC 9110, sections 8.8.3 and 13.1)."""

import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final
from zlib import crc32

from video_service.domain.page import Page

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

    def of_page(self, page: Page) -> str:
        """Return the tag of a page: which videos, in which versions, and whether more follow."""
        shown = [f"{video.id} {video.version}" for video in page.videos]
        text = "\n".join((self.salt, *shown, str(page.after)))
        return f'"{blake2b(text.encode(), digest_size=12).hexdigest()}"'

    def is_known(self, if_none_match: str | None, version: int, revision: int = 0) -> bool:
        """Tell whether the caller holds this answer already (weak comparison): answer 304."""
        return names(if_none_match, self.of(version, revision))

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


def names(if_none_match: str | None, tag: str) -> bool:
    """Tell whether `If-None-Match` names `tag`, or is `*` (weak comparison)."""
    if if_none_match is None:
        return False
    if if_none_match == tag:
        return True
    if if_none_match.strip() == "*":
        return True
    opaque = tag.strip('"')
    return any(found["opaque"] == opaque for found in _TAG.finditer(if_none_match))
