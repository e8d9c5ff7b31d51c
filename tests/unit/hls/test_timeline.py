"""Each check of time is shown to pass a good film and to catch its defect."""

from collections.abc import Iterable
from dataclasses import replace

from reel_hls.facts import Keyframe
from reel_hls.findings import Code, Finding
from reel_hls.playlists import AudioRendition
from reel_hls.presentation import Presentation, Rendition
from reel_hls.timeline import check_playlist, check_rendition, check_together
from reel_testing.hls_files import SEGMENT_S, picture, presentation, rendition, sound


def codes(findings: Iterable[Finding]) -> list[Code]:
    return [found.code for found in findings]


def of(found: Rendition) -> list[Code]:
    return codes(check_rendition(found, independent=True))


def together(*found: Rendition) -> list[Code]:
    return codes(check_together(presentation(*found)))


def test_a_good_film_has_no_finding() -> None:
    film = rendition()

    assert codes(check_playlist(film.playlist)) == []
    assert of(film) == []
    assert together(film, rendition("480p.m3u8")) == []


def test_a_film_without_an_end_is_found() -> None:
    assert codes(check_playlist(replace(rendition().playlist, ended=False))) == [Code.NOT_ENDED]


def test_a_segment_above_the_target_duration_is_found() -> None:
    at_target, above = replace(rendition().playlist, target_s=6), rendition(extinf_s=6.5).playlist

    assert codes(check_playlist(at_target)) == []
    assert codes(check_playlist(above)) == [Code.TARGET_DURATION]


def test_an_extinf_that_is_not_the_segments_length_is_found() -> None:
    assert Code.EXTINF in of(rendition(extinf_s=5.9))


def test_small_errors_of_extinf_that_add_up_are_found() -> None:
    segments = [(picture(SEGMENT_S * number),) for number in range(4)]

    assert of(rendition("a.m3u8", *segments, extinf_s=SEGMENT_S - 0.04)) == [Code.EXTINF]


def test_a_gap_between_segments_is_found_unless_it_is_announced() -> None:
    film = rendition("a.m3u8", (picture(),), (picture(SEGMENT_S + 0.5),))
    first, second = film.playlist.segments
    announced = replace(film.playlist, segments=(first, replace(second, discontinuity=True)))

    assert of(film) == [Code.TIMELINE_GAP]
    assert of(replace(film, playlist=announced)) == []


def test_a_clock_that_wraps_is_no_gap() -> None:
    last_s = (1 << 33) / 90_000

    assert of(rendition("a.m3u8", (picture(last_s - SEGMENT_S),), (picture(0.0),))) == []


def test_a_segment_that_begins_between_keyframes_is_found_if_independence_is_claimed() -> None:
    film = rendition("a.m3u8", (replace(picture(), starts_with_idr=False),))

    assert of(film) == [Code.NO_IDR]
    assert codes(check_rendition(film, independent=False)) == []


def test_sound_that_starts_apart_from_the_picture_is_found() -> None:
    late = rendition("a.m3u8", (picture(), sound(0.051, SEGMENT_S)))

    assert of(late) == [Code.AV_START]
    assert of(rendition("a.m3u8", (picture(), sound(0.049, SEGMENT_S)))) == []


def test_separate_sound_that_starts_apart_is_found() -> None:
    film = presentation(rendition("v.m3u8", (picture(),)))
    assert film.master
    with_sound = Presentation(
        master=replace(film.master, audio=(AudioRendition(uri="a.m3u8", group="a"),)),
        renditions=film.renditions | {"a.m3u8": rendition("a.m3u8", (sound(0.2),))},
    )

    assert codes(check_together(with_sound)) == [Code.AV_START]


def test_keyframes_at_other_times_than_the_first_variants_are_found() -> None:
    moved = replace(picture(), keyframes=(Keyframe(0, 100, 200), Keyframe(2.1, None, 300)))
    fewer = replace(picture(), keyframes=(Keyframe(0, 100, 200),))
    good = rendition("a.m3u8", (picture(),))

    assert together(good, rendition("b.m3u8", (moved,))) == [Code.KEYFRAMES_MISALIGNED]
    assert together(good, rendition("b.m3u8", (fewer,))) == [Code.KEYFRAMES_MISALIGNED]


def test_variants_of_other_lengths_are_found() -> None:
    shorter = rendition("b.m3u8", (picture(),))

    assert Code.DURATIONS_DIFFER in together(rendition("a.m3u8"), shorter)


def test_a_segment_without_the_sound_that_others_have_is_found() -> None:
    silent = rendition(
        "a.m3u8",
        (picture(), sound()),
        (picture(SEGMENT_S),),
        (picture(2 * SEGMENT_S), sound(2 * SEGMENT_S)),
    )

    assert of(silent) == [Code.TRACK_MISSING]


def test_sound_may_end_a_moment_before_the_picture() -> None:
    last = picture(SEGMENT_S, duration_s=0.04)
    film = rendition("a.m3u8", (picture(), sound()), (last,))

    assert Code.TRACK_MISSING not in of(film)
