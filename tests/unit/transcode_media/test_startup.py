"""Which variant comes first in the master playlist."""

from fractions import Fraction

import pytest

from transcode_service.domain.i_frames import IFrame, IFrameTrack
from transcode_service.domain.ladder import Rung
from transcode_service.domain.playlist import Variant
from transcode_service.domain.startup import STARTUP_BPS, startup_order

I_FRAMES = IFrameTrack((IFrame("seg_00000.m4s", 24, 50_024, 2.0),))


def variant(label: str, average_kbps: int) -> Variant:
    return Variant(
        rung=Rung(label, 1280, 720, 23, 2800, 5600),
        frame_rate=Fraction(30),
        codecs=("avc1.64001f",),
        peak_bandwidth=average_kbps * 1500,
        average_bandwidth=average_kbps * 1000,
        i_frames=I_FRAMES,
    )


@pytest.mark.parametrize(
    ("averages_kbps", "order"),
    [
        pytest.param((4200, 1900, 900), "bac", id="a usual film starts in the middle"),
        pytest.param((4800, 2600, 1300), "cab", id="a lively one at the bottom"),
        pytest.param((1100, 600, 300), "abc", id="a still one at the top"),
        pytest.param((6000, 3600, 2100), "cab", id="the lowest where all are above"),
        pytest.param((2000,), "a", id="the only one"),
        pytest.param((900, 4200, 1900), "cba", id="the others descend whatever came in"),
    ],
)
def test_a_phone_starts_with_the_best_it_can_surely_have(
    averages_kbps: tuple[int, ...], order: str
) -> None:
    given = [variant(label, kbps) for label, kbps in zip("abc", averages_kbps, strict=False)]

    assert "".join(one.rung.label for one in startup_order(given)) == order


def test_the_limit_itself_is_affordable() -> None:
    at, above = variant("at", STARTUP_BPS // 1000), variant("above", STARTUP_BPS // 1000 + 1)

    assert startup_order((above, at))[0] is at
