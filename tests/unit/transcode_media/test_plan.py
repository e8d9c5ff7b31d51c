from dataclasses import replace
from fractions import Fraction

import pytest

from transcode_service.domain.colour import Colour
from transcode_service.domain.ladder import fit, ladder
from transcode_service.domain.media_errors import Rejection, SourceRejected
from transcode_service.domain.plan import MAX_DURATION_S, Plan, constant_rate, make_plan
from transcode_service.domain.plan_record import plan_record
from transcode_service.domain.probe import AudioStream, Probe, VideoStream, likely_rate
from transcode_service.domain.tracks import DolbyVision

ALL = ("1080p", "720p", "480p")


def sizes(displayed: tuple[int, int], wanted: tuple[str, ...] = ALL) -> dict[str, tuple[int, int]]:
    return {rung.label: (rung.width, rung.height) for rung in ladder(displayed, 30, wanted)}


@pytest.mark.parametrize(
    ("displayed", "rungs"),
    [
        ((1920, 1080), {"1080p": (1920, 1080), "720p": (1280, 720), "480p": (854, 480)}),
        ((1080, 1920), {"1080p": (1080, 1920), "720p": (720, 1280), "480p": (480, 854)}),
        ((3840, 2160), {"1080p": (1920, 1080), "720p": (1280, 720), "480p": (854, 480)}),
        ((1280, 720), {"720p": (1280, 720), "480p": (854, 480)}),
        ((1278, 718), {"480p": (854, 480)}),
        ((640, 480), {"480p": (640, 480)}),
        ((176, 144), {"480p": (176, 144)}),
        ((321, 241), {"480p": (320, 240)}),
        ((1, 1), {"480p": (2, 2)}),
    ],
)
def test_the_ladder_follows_the_short_side_and_never_rises_above_the_source(
    displayed: tuple[int, int], rungs: dict[str, tuple[int, int]]
) -> None:
    assert sizes(displayed) == rungs


def test_only_wanted_rungs_are_made() -> None:
    assert list(sizes((1920, 1080), ("480p", "1080p"))) == ["1080p", "480p"]


def test_a_film_too_small_for_what_is_wanted_is_made_as_good_as_it_is() -> None:
    assert list(sizes((1280, 720), ("1080p",))) == ["720p"]


def test_sides_are_even_and_the_shape_is_kept() -> None:
    assert fit((1440, 1080), 720) == (960, 720)
    assert fit((1919, 1079), 1078) == (1918, 1078)


def test_more_frames_get_more_bits() -> None:
    slow, fast = (ladder((1280, 720), rate, ALL)[0] for rate in (30, 60))

    assert fast.max_kbps == 1.5 * slow.max_kbps
    assert fast.buffer_kbits == 2 * fast.max_kbps


@pytest.mark.parametrize(
    ("mean", "constant"),
    [
        (Fraction(30), Fraction(30)),
        (Fraction(30000, 1001), Fraction(30000, 1001)),
        (Fraction(2998, 100), Fraction(30000, 1001)),
        (Fraction(2950, 100), Fraction(30000, 1001)),
        (Fraction(240), Fraction(60)),
        (Fraction(120), Fraction(60)),
        (Fraction(10), Fraction(10)),
        (Fraction(1, 10), Fraction(1)),
        (None, Fraction(30)),
    ],
)
def test_the_rate_becomes_constant_and_at_most_60(
    mean: Fraction | None, constant: Fraction
) -> None:
    assert constant_rate(mean) == constant


def test_the_guessed_rate_counts_where_the_mean_agrees() -> None:
    ntsc = Fraction(30000, 1001)

    assert likely_rate(Fraction(21800, 727), ntsc) == ntsc
    assert likely_rate(Fraction(22), Fraction(120)) == 22
    assert likely_rate(None, ntsc) == ntsc
    assert likely_rate(ntsc, None) == ntsc


def film(**changes: object) -> VideoStream:
    known = {"index": 0, "codec": "h264", "decodable": True, "width": 1280, "height": 720}
    return VideoStream(**(known | changes))  # pyright: ignore[reportArgumentType] - test data


def test_a_quarter_turn_swaps_the_sides_and_pixels_become_square() -> None:
    assert film(rotation_degrees=-90).displayed == (720, 1280)
    assert film(rotation_degrees=180).displayed == (1280, 720)
    assert film(width=720, height=576, sample_aspect=Fraction(16, 15)).displayed == (768, 576)


def test_the_plan_of_a_film_held_upright(portrait_film: Probe) -> None:
    plan = make_plan(portrait_film, ALL)

    assert (plan.video, plan.audio, plan.audio_channels) == (1, 0, 2)
    assert plan.displayed == (1080, 1920)
    assert [rung.label for rung in plan.rungs] == ["1080p", "720p", "480p"]
    assert plan.frame_rate == Fraction(30000, 1001)
    assert plan.poster.size == (720, 1280)
    assert plan.storyboard.tile == (90, 160)
    assert plan.duration_s == 30.0


def test_the_largest_real_film_is_chosen_and_the_cover_is_not() -> None:
    cover = film(index=0, codec="mjpeg", width=3000, height=3000, cover=True)
    small, large = film(index=1, width=320, height=240), film(index=2)

    assert make_plan(Probe(video=(cover, small, large), audio=()), ALL).video == 2


def test_the_first_sound_that_can_be_decoded_is_chosen_and_folded_to_stereo() -> None:
    spatial = AudioStream(index=1, codec="apac", decodable=False, channels=0, sample_rate_hz=0)
    surround = AudioStream(index=2, codec="eac3", decodable=True, channels=6, sample_rate_hz=48000)

    plan = make_plan(Probe(video=(film(),), audio=(spatial, surround)), ALL)

    assert (plan.audio, plan.audio_channels) == (2, 2)


def test_the_default_sound_comes_before_the_first() -> None:
    first, second = sound(index=1), sound(index=2, default=True)
    undecodable = sound(index=3, default=True, decodable=False)

    assert make_plan(Probe(video=(film(),), audio=(first, second)), ALL).audio == 2
    assert make_plan(Probe(video=(film(),), audio=(first, undecodable)), ALL).audio == 1


def test_a_film_may_be_silent() -> None:
    plan = make_plan(Probe(video=(film(frame_rate=Fraction(30)),), audio=()), ALL)

    assert (plan.audio, plan.audio_channels) == (None, 0)
    assert why(plan) == ["no audio"]


def sound(**changes: object) -> AudioStream:
    known = {"index": 1, "codec": "aac", "decodable": True, "channels": 2, "sample_rate_hz": 48000}
    return AudioStream(**(known | changes))  # pyright: ignore[reportArgumentType] - test data


def why(plan: Plan) -> list[str]:
    return [decision.what for decision in plan.decisions]


def test_a_plain_film_needs_no_explanation() -> None:
    plain = film(frame_rate=Fraction(30), duration_s=5.0)

    assert make_plan(Probe(video=(plain,), audio=(sound(duration_s=5.0),)), ALL).decisions == ()


def test_a_plan_says_all_that_it_does_and_why() -> None:
    picture = film(
        codec="hevc",
        pixel_format="yuv420p10le",
        rotation_degrees=-90,
        frame_rate=Fraction(240),
        duration_s=5.0,
        colour=Colour(primaries=9, transfer=18, matrix=9),
        dolby_vision=DolbyVision(profile=8, compatibility=4),
        interlaced=True,
    )
    spatial = sound(index=1, codec="apac", decodable=False, default=True)
    surround = sound(index=2, channels=6, start_s=0.5, duration_s=3.0)

    plan = make_plan(Probe(video=(picture,), audio=(spatial, surround)), ALL)

    assert why(plan) == [
        "skipped undecodable APAC track",
        "Dolby Vision profile 8 by its base layer",
        "rotated 90°",
        "deinterlaced",
        "240 → 60 frames/s",
        "HLG → SDR",
        "yuv420p10le → yuv420p",
        "6 channels → stereo",
        "silence for 0.500 s, until its own start",
        "shorter than the picture: silence for its last 1.500 s",
    ]


def test_a_plan_is_stored_as_plain_json() -> None:
    plan = make_plan(Probe(video=(film(duration_s=5.0),), audio=()), ("480p",))

    assert plan_record(plan) == {
        "streams": {"video": 0, "audio": None},
        "displayed": "1280x720",
        "duration_s": 5.0,
        "picture": {
            "frame_rate": "30",
            "deinterlace": False,
            "matrix": "bt709",
            "full_range": False,
            "primaries": None,
            "tone_map": None,
        },
        "sound": None,
        "hold_s": 0.0,
        "rungs": [{"label": "480p", "size": "854x480", "crf": 23, "max_kbps": 1400}],
        "storyboard": {"interval_s": 2.0, "tile": "160x90", "sheet": "3x1"},
        "why": ["picture: unknown → 30 frames/s", "sound: no audio"],
    }


def test_the_picture_is_held_while_the_sound_goes_on() -> None:
    picture = film(start_s=0.5, duration_s=2.0)

    held = make_plan(Probe(video=(picture,), audio=(sound(duration_s=4.0),)), ALL)
    even = make_plan(Probe(video=(picture,), audio=(sound(duration_s=2.6),)), ALL)

    assert (held.hold_s, held.duration_s) == (1.5, 4.0)
    assert (even.hold_s, even.duration_s) == (0.0, 2.5)


def test_the_poster_is_never_scaled_up_from_a_smaller_rung() -> None:
    plan = make_plan(Probe(video=(film(width=1920, height=1080),), audio=()), ("480p",))

    assert plan.picture.size == plan.poster.size == (1280, 720)


@pytest.mark.parametrize(
    ("colour", "short_side", "name"),
    [
        (Colour(matrix=1), 480, "bt709"),
        (Colour(matrix=5), 1080, "bt601"),
        (Colour(), 480, "bt601"),
        (Colour(), 720, "bt709"),
        (Colour(full_range=True), 720, "bt601"),
        (Colour(transfer=16), 1080, "bt2020"),
        (Colour(matrix=0), 1080, None),
    ],
)
def test_a_picture_that_does_not_say_is_taken_for_what_its_size_suggests(
    colour: Colour, short_side: int, name: str | None
) -> None:
    assert colour.matrix_name(short_side) == name


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        (Colour(), None),
        (Colour(primaries=6), None),
        (Colour(primaries=12), "smpte432"),
        (Colour(transfer=18), "2020"),
        (Colour(transfer=16, primaries=1), "709"),
    ],
)
def test_primaries_are_converted_where_it_can_be_seen(colour: Colour, name: str | None) -> None:
    assert colour.primaries_name == name


@pytest.mark.parametrize(
    ("probe", "reason"),
    [
        (Probe(video=(), audio=()), Rejection.NO_VIDEO_STREAM),
        (Probe(video=(film(cover=True),), audio=()), Rejection.NO_VIDEO_STREAM),
        (Probe(video=(film(decodable=False),), audio=()), Rejection.UNSUPPORTED_FORMAT),
        (
            Probe(video=(film(dolby_vision=DolbyVision(5, 0)),), audio=()),
            Rejection.UNSUPPORTED_DOLBY_VISION,
        ),
        (
            Probe(video=(film(duration_s=MAX_DURATION_S + 1.0),), audio=()),
            Rejection.SOURCE_TOO_LONG,
        ),
        (
            Probe(video=(film(width=16000, height=8000),), audio=()),
            Rejection.SOURCE_TOO_MANY_PIXELS,
        ),
    ],
)
def test_a_film_that_can_t_be_made_is_refused_with_its_reason(
    probe: Probe, reason: Rejection
) -> None:
    with pytest.raises(SourceRejected) as rejected:
        make_plan(probe, ALL)

    assert rejected.value.reason is reason


def test_a_fragmented_film_lasts_as_long_as_its_index_says(portrait_film: Probe) -> None:
    assert make_plan(portrait_film.lasting(12.0), ALL).duration_s == 12.0
    assert make_plan(portrait_film.lasting(None), ALL).duration_s is None
    assert replace(portrait_film, duration_s=None).video == portrait_film.video
