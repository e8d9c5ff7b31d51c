"""Each declaration of a master playlist is shown to be held against the truth."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from reel_hls.declared import check_i_frame_variant, check_variant
from reel_hls.findings import Code, Finding, Severity
from reel_hls.i_frames import check_i_frames, pictures_of
from reel_hls.playlists import ByteRange, MediaPlaylist, Segment
from reel_hls.presentation import Presentation, Rendition
from reel_testing.hls_files import SEGMENT_S, picture, presentation, rendition, variant


def found_in(**declared: object) -> list[Finding]:
    film = presentation(rendition(), declared=declared)
    assert film.master
    return list(check_variant(film.master.variants[0], film))


def codes(findings: Iterable[Finding]) -> list[Code]:
    return [found.code for found in findings]


def test_a_true_declaration_has_no_finding() -> None:
    assert found_in() == []


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ({"bandwidth": 719_000}, Code.BANDWIDTH),
        ({"bandwidth": 881_000}, Code.BANDWIDTH),
        ({"average_bandwidth": 719_000}, Code.AVERAGE_BANDWIDTH),
        ({"codecs": frozenset({"avc1.640028", "mp4a.40.2"})}, Code.CODECS),
        ({"codecs": frozenset({"avc1.64001f"})}, Code.CODECS),
        ({"codecs": frozenset({"avc1.64001f", "mp4a.40.2", "ac-3"})}, Code.CODECS),
        ({"codecs": frozenset[str]()}, Code.CODECS),
        ({"resolution": (1280, 721)}, Code.RESOLUTION),
        ({"frame_rate": 25.0}, Code.FRAME_RATE),
    ],
)
def test_a_false_declaration_is_an_error(declared: dict[str, object], code: Code) -> None:
    (found,) = found_in(**declared)

    assert (found.code, found.severity) == (code, Severity.ERROR)


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ("average_bandwidth", Code.AVERAGE_BANDWIDTH),
        ("resolution", Code.RESOLUTION),
        ("frame_rate", Code.FRAME_RATE),
    ],
)
def test_what_is_not_declared_is_a_warning(missing: str, code: Code) -> None:
    (found,) = found_in(**{missing: None})

    assert (found.code, found.severity) == (code, Severity.WARNING)


def test_a_codec_known_by_its_first_part_is_compared_by_that() -> None:
    film = rendition("a.m3u8", (replace(picture(), codec="hvc1"),))
    told = replace(variant("a.m3u8"), codecs=frozenset({"hvc1.1.6.L93.90"}))

    assert codes(check_variant(told, presentation(film))) == []


WHOLE = ByteRange(100, 9_100)


def i_frames(*parts: ByteRange, extinf_s: float = SEGMENT_S, **declared: object) -> list[Code]:
    """Check a playlist of one range of each segment of a good film, and its true declaration."""
    film = rendition()
    listed = tuple(
        Segment(uri=segment.uri, extinf_s=extinf_s, part=part)
        for segment, part in zip(film.playlist.segments, parts, strict=True)
    )
    playlist = MediaPlaylist(
        uri="i.m3u8", segments=listed, target_s=6, ended=True, i_frames_only=True
    )
    found = Rendition(playlist, (None,) * len(parts))
    whole = Presentation(
        master=None, renditions={film.playlist.uri: film}, i_frames={"i.m3u8": found}
    )
    rate = round(8 * sum(part.end - part.start for part in parts) / (extinf_s * len(parts)))
    told = replace(
        variant("i.m3u8"),
        bandwidth=rate,
        average_bandwidth=rate,
        codecs=frozenset({"avc1.64001f"}),
        frame_rate=None,
    )
    told = replace(told, **declared)  # pyright: ignore[reportArgumentType] - test data
    checks = check_i_frame_variant(told, found, pictures_of(playlist, whole))
    return codes([*check_i_frames(playlist, whole), *checks])


def test_ranges_that_hold_their_i_frames_have_no_finding() -> None:
    assert i_frames(WHOLE, WHOLE) == []


@pytest.mark.parametrize("part", [ByteRange(101, 9_100), ByteRange(100, 9_099)])
def test_a_range_without_a_whole_i_frame_is_found(part: ByteRange) -> None:
    assert i_frames(WHOLE, part) == [Code.I_FRAME_RANGE]


def test_an_i_frame_that_does_not_last_until_the_next_is_found() -> None:
    assert i_frames(WHOLE, WHOLE, extinf_s=5.9) == [Code.EXTINF]


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ({"bandwidth": 20_000}, Code.BANDWIDTH),
        ({"average_bandwidth": 10_000}, Code.AVERAGE_BANDWIDTH),
        ({"average_bandwidth": None}, Code.AVERAGE_BANDWIDTH),
        ({"codecs": frozenset({"avc1.64001f", "mp4a.40.2"})}, Code.CODECS),
        ({"codecs": frozenset({"avc1.640028"})}, Code.CODECS),
        ({"resolution": (854, 480)}, Code.RESOLUTION),
    ],
)
def test_a_false_declaration_of_i_frames_is_found(declared: dict[str, object], code: Code) -> None:
    assert i_frames(WHOLE, WHOLE, extinf_s=SEGMENT_S, **declared) == [code]
