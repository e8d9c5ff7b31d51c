"""Names of what one encode makes, in the work directory and, alike, under the key prefix."""

from typing import Final

MASTER: Final = "master.m3u8"
POSTER: Final = "poster.jpg"
STORYBOARD: Final = "storyboard.vtt"
SHEETS: Final = "storyboard"
"""Where the sheets are that the storyboard names."""
SHEET_PATTERN: Final = f"{SHEETS}/%04d.jpg"
CANDIDATES: Final = "candidates"
"""Of the poster; in the work directory alone."""
CANDIDATE_PATTERN: Final = f"{CANDIDATES}/%04d.jpg"
CANDIDATE_LUMA: Final = f"{CANDIDATES}/luma.gray"
"""Each candidate once more, very small and grey."""
PLAYLIST: Final = "playlist.m3u8"
I_FRAMES: Final = "iframes.m3u8"

CACHE_CONTROL: Final = "public, max-age=31536000, immutable"
"""A published URL never changes its content: every attempt has a prefix of its own."""

CONTENT_TYPES: Final = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mp4": "video/mp4",
    ".m4s": "video/iso.segment",
    ".ts": "video/mp2t",
    ".jpg": "image/jpeg",
    ".vtt": "text/vtt; charset=utf-8",
}


def content_type(name: str) -> str:
    """Return the Content-Type of an output by its suffix."""
    return CONTENT_TYPES[name[name.rindex(".") :]]


def playlist(label: str) -> str:
    """Return the relative path of a rendition's playlist."""
    return f"{label}/{PLAYLIST}"


def i_frames(label: str) -> str:
    """Return the relative path of a rendition's I-frame playlist."""
    return f"{label}/{I_FRAMES}"


def sheet(number: int) -> str:
    """Return the relative path of a sheet of the storyboard, counted from 0."""
    return SHEET_PATTERN % (number + 1)
