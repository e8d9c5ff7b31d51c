"""What is said of a published encode: its variants, its storyboard, the assets of the result."""

from reel_hls.facts import Kind
from reel_hls.rates import average_bandwidth, peak_bandwidth
from transcode_service.domain import layout
from transcode_service.domain.i_frames import IFrameTrack, i_frame_track
from transcode_service.domain.media_errors import OutputIncomplete
from transcode_service.domain.plan import Plan
from transcode_service.domain.playlist import AAC_LC, Variant
from transcode_service.domain.storyboard import webvtt
from transcode_service.domain.transcoding import PublishedAsset
from transcode_service.ports.media import Published, Rendition


def measured_s(published: Published) -> float:
    """Return the length of the presentation, in seconds: that of its first rendition."""
    return next(iter(published.renditions.values())).playlist.duration_s


def variants(plan: Plan, published: Published) -> tuple[Variant, ...]:
    """Describe every rendition, best first, by what was measured of its segments.

    Raises:
        OutputIncomplete: a rendition's picture does not say how it is to be decoded.
    """
    found: list[Variant] = []
    for rung in plan.rungs:
        rendition = published.renditions[rung.label]
        durations_s = [duration_s for _, duration_s in rendition.playlist.segments]
        sizes = [segment.size_bytes for segment in rendition.segments]
        sound = () if plan.audio is None else (AAC_LC,)
        found.append(
            Variant(
                rung=rung,
                frame_rate=plan.frame_rate,
                codecs=(_picture_codec(rung.label, rendition), *sound),
                peak_bandwidth=peak_bandwidth(sizes, durations_s, rendition.playlist.target_s),
                average_bandwidth=average_bandwidth(sizes, durations_s),
                i_frames=_i_frames(rung.label, rendition),
            )
        )
    return tuple(found)


def storyboard(plan: Plan, prefix: str, published: Published) -> str:
    """Return the WebVTT of the sheets that were sent."""
    sheets = sum(key.startswith(f"{prefix}/{layout.SHEETS}/") for key in published.sent)
    return webvtt(plan.storyboard, plan.frame_rate, measured_s(published), sheets)


def _picture_codec(label: str, rendition: Rendition) -> str:
    """Return profile and level as the first segment's own parameters say."""
    picture = rendition.segments[0].track(Kind.VIDEO)
    if picture is None or "." not in picture.codec:
        raise OutputIncomplete(f"the {label} picture has no parameters in its first segment")
    return picture.codec


def _i_frames(label: str, rendition: Rendition) -> IFrameTrack:
    try:
        return i_frame_track(rendition.segments)
    except ValueError as error:
        raise OutputIncomplete(f"{label}: {error}") from error


def assets(plan: Plan, prefix: str, published: Published) -> tuple[PublishedAsset, ...]:
    """List what video-service keeps of the result (spec 1.2): master, renditions, stills."""
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
        width=plan.poster.size[0],
        height=plan.poster.size[1],
        codec="mjpeg",
        container="jpg",
    )
    board = PublishedAsset(
        type="THUMBNAIL",
        file_key=f"{prefix}/{layout.STORYBOARD}",
        width=plan.storyboard.tile[0],
        height=plan.storyboard.tile[1],
        container="vtt",
    )
    return (master, *renditions, poster, board)
