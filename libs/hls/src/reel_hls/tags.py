"""Whether the tags of a playlist are legal for what it uses: RFC 8216, 4 and 7."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from reel_hls.findings import Code, Finding, error, warning

_TAG: Final = re.compile(r"^#(EXT[A-Z0-9-]*)(?::(.*))?$")

BOTH: Final = frozenset(
    {"EXTM3U", "EXT-X-VERSION", "EXT-X-INDEPENDENT-SEGMENTS", "EXT-X-START", "EXT-X-DEFINE"}
)
MASTER_ONLY: Final = frozenset(
    {
        "EXT-X-MEDIA",
        "EXT-X-STREAM-INF",
        "EXT-X-I-FRAME-STREAM-INF",
        "EXT-X-SESSION-DATA",
        "EXT-X-SESSION-KEY",
        "EXT-X-CONTENT-STEERING",
    }
)
MEDIA_ONLY: Final = frozenset(
    {
        "EXTINF",
        "EXT-X-TARGETDURATION",
        "EXT-X-MEDIA-SEQUENCE",
        "EXT-X-DISCONTINUITY-SEQUENCE",
        "EXT-X-ENDLIST",
        "EXT-X-PLAYLIST-TYPE",
        "EXT-X-I-FRAMES-ONLY",
        "EXT-X-BYTERANGE",
        "EXT-X-DISCONTINUITY",
        "EXT-X-KEY",
        "EXT-X-MAP",
        "EXT-X-PROGRAM-DATE-TIME",
        "EXT-X-DATERANGE",
        "EXT-X-GAP",
        "EXT-X-BITRATE",
        "EXT-X-PART-INF",
        "EXT-X-SERVER-CONTROL",
        "EXT-X-PART",
        "EXT-X-SKIP",
        "EXT-X-PRELOAD-HINT",
        "EXT-X-RENDITION-REPORT",
    }
)
ONCE: Final = frozenset(
    {
        "EXTM3U",
        "EXT-X-VERSION",
        "EXT-X-TARGETDURATION",
        "EXT-X-MEDIA-SEQUENCE",
        "EXT-X-DISCONTINUITY-SEQUENCE",
        "EXT-X-ENDLIST",
        "EXT-X-PLAYLIST-TYPE",
        "EXT-X-I-FRAMES-ONLY",
        "EXT-X-INDEPENDENT-SEGMENTS",
    }
)
_FRACTIONS_VERSION: Final = 3
_RANGES_VERSION: Final = 4
_MAP_IN_I_FRAMES_VERSION: Final = 5
_MAP_VERSION: Final = 6


def check_tags(text: str, uri: str) -> Iterator[Finding]:
    """Yield what is wrong with a playlist's tags as such, whatever they point at."""
    tags = [(found[1], found[2] or "") for found in map(_TAG.match, text.splitlines()) if found]
    names = Counter(name for name, _ in tags)
    for name in names.keys() - BOTH - MASTER_ONLY - MEDIA_ONLY:
        yield warning(Code.UNKNOWN_TAG, uri, f"#{name} is no tag of HLS")
    if names.keys() & MASTER_ONLY:
        for name in sorted(names.keys() & MEDIA_ONLY):
            yield error(Code.MISPLACED_TAG, uri, f"#{name} does not belong in a master playlist")
    for name in sorted(ONCE):
        if names[name] > 1:
            yield error(Code.REPEATED_TAG, uri, f"#{name} is there {names[name]} times")
    yield from _check_version(tags, uri)


def _check_version(tags: list[tuple[str, str]], uri: str) -> Iterator[Finding]:
    version = next((value for name, value in tags if name == "EXT-X-VERSION"), "1")
    needed = _needed_version(tags)
    if not version.isdigit() or int(version) < needed:
        message = f"EXT-X-VERSION is {version}, but what is used needs {needed}"
        yield error(Code.VERSION_TOO_LOW, uri, message)


def _needed_version(tags: list[tuple[str, str]]) -> int:
    names = {name for name, _ in tags}
    needed = 1
    if any(name == "EXTINF" and "." in value for name, value in tags):
        needed = _FRACTIONS_VERSION
    if names & {"EXT-X-BYTERANGE", "EXT-X-I-FRAMES-ONLY"}:
        needed = _RANGES_VERSION
    if "EXT-X-MAP" in names:
        i_frames = "EXT-X-I-FRAMES-ONLY" in names
        needed = _MAP_IN_I_FRAMES_VERSION if i_frames else _MAP_VERSION
    return needed
