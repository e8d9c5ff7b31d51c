"""What a transcode needs from the outside world."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MediaDeps:
    """Everything `transcode` works with; built by `adapters.media.media_deps`."""
