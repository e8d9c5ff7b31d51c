"""What is said of a published encode: variants of the master playlist, assets of the result."""

from reel_hls.rates import average_bandwidth, peak_bandwidth
from transcode_service.domain import layout
from transcode_service.domain.plan import Plan
from transcode_service.domain.playlist import (
    AAC_LC,
    Variant,
    avc_codec,
)
from transcode_service.domain.transcoding import PublishedAsset
from transcode_service.ports.media import Published


def measured_s(published: Published) -> float:
    """Return the length of the presentation, in seconds: that of its first rendition."""
    return next(iter(published.renditions.values())).playlist.duration_s


def variants(plan: Plan, published: Published) -> tuple[Variant, ...]:
    """Describe every rendition, best first, by what was measured of its segments."""
    found: list[Variant] = []
    for rung in plan.rungs:
        rendition = published.renditions[rung.label]
        names, durations_s = zip(*rendition.playlist.segments, strict=True)
        sizes = [rendition.segment_bytes[name] for name in names]
        sound = () if plan.audio is None else (AAC_LC,)
        found.append(
            Variant(
                rung=rung,
                frame_rate=plan.frame_rate,
                codecs=(avc_codec(rendition.init), *sound),
                peak_bandwidth=peak_bandwidth(sizes, durations_s, rendition.playlist.target_s),
                average_bandwidth=average_bandwidth(sizes, durations_s),
            )
        )
    return tuple(found)


def assets(plan: Plan, prefix: str, published: Published) -> tuple[PublishedAsset, ...]:
    """List what video-service keeps of the result (spec 1.2): master, renditions, poster."""
    codec = "h264" if plan.audio is None else "h264/aac"
    master = PublishedAsset(
        type="HLS_MASTER", file_key=f"{prefix}/{layout.MASTER}", container="m3u8"
    )
    renditions = (
        PublishedAsset(
            type="HLS_RENDITION",
            file_key=f"{prefix}/{layout.playlist(variant.rung.label)}",
            quality=variant.rung.label,
            bandwidth=variant.peak_bandwidth,
            width=variant.rung.width,
            height=variant.rung.height,
            codec=codec,
            container="m3u8",
        )
        for variant in variants(plan, published)
    )
    poster = PublishedAsset(
        type="THUMBNAIL",
        file_key=f"{prefix}/{layout.POSTER}",
        width=plan.poster_size[0],
        height=plan.poster_size[1],
        codec="mjpeg",
        container="jpg",
    )
    return (master, *renditions, poster)
