from fractions import Fraction

import pytest

from transcode_service.domain.plan import Plan, make_plan
from transcode_service.domain.probe import AudioStream, Probe, VideoStream


@pytest.fixture
def portrait_film() -> Probe:
    """A 1080p film held upright, at 29.97 frames/s, with stereo sound first."""
    picture = VideoStream(
        index=1,
        codec="h264",
        decodable=True,
        width=1920,
        height=1080,
        rotation_degrees=-90,
        frame_rate=Fraction(30000, 1001),
        duration_s=30.0,
    )
    sound = AudioStream(index=0, codec="aac", decodable=True, channels=2, sample_rate_hz=44100)
    return Probe(video=(picture,), audio=(sound,), duration_s=30.1)


@pytest.fixture
def portrait_plan(portrait_film: Probe) -> Plan:
    return make_plan(portrait_film, ("1080p", "720p", "480p"))
