from fractions import Fraction

import pytest

from transcode_service.domain.i_frames import IFrame, IFrameTrack
from transcode_service.domain.ladder import Rung
from transcode_service.domain.playlist import Variant
from transcode_service.domain.worth import wins_nothing


def variant(label: str, *, peak: int, average: int) -> Variant:
    """A rendition with these rates, in bit/s."""
    return Variant(
        rung=Rung(label, 1280, 720, 23, 2800, 5600),
        frame_rate=Fraction(25),
        codecs=("avc1.64001f",),
        peak_bandwidth=peak,
        average_bandwidth=average,
        i_frames=IFrameTrack((IFrame("seg_00000.m4s", 24, 50_024, 2.0),)),
    )


BEST = variant("1080p", peak=1_600_000, average=1_200_000)


def test_a_usual_ladder_is_kept_whole() -> None:
    ladder = [
        variant("1080p", peak=5_400_000, average=4_000_000),
        variant("720p", peak=3_000_000, average=2_000_000),
        variant("480p", peak=1_500_000, average=1_000_000),
    ]

    assert wins_nothing(ladder) == ()


def test_a_smaller_picture_at_a_higher_price_wins_nothing() -> None:
    dearer = variant("720p", peak=3_600_000, average=3_400_000)

    left_out = wins_nothing([BEST, dearer])

    assert [str(rendition) for rendition in left_out] == [
        "720p wins nothing: 3600000 bit/s, 1080p takes 1600000"
    ]


@pytest.mark.parametrize(
    ("peak", "average"),
    [(1_600_000, 1_200_000), (1_500_000, 1_300_000), (1_700_000, 1_100_000)],
    ids=["same price", "lower peak", "lower average"],
)
def test_a_rendition_that_costs_no_more_at_its_peak_or_on_average_stays(
    peak: int, average: int
) -> None:
    assert wins_nothing([BEST, variant("720p", peak=peak, average=average)]) == ()


def test_the_next_one_is_measured_by_the_last_that_stays() -> None:
    dearer = variant("720p", peak=3_600_000, average=3_400_000)
    between = variant("480p", peak=1_800_000, average=1_700_000)

    left_out = wins_nothing([BEST, dearer, between])

    assert [(rendition.label, rendition.better) for rendition in left_out] == [
        ("720p", "1080p"),
        ("480p", "1080p"),
    ]


def test_the_only_rendition_stays() -> None:
    assert wins_nothing([BEST]) == ()
