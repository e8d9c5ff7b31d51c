"""Facts of an MPEG-TS segment (ISO/IEC 13818-1): presentation times of its PES packets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from reel_hls import avc
from reel_hls.facts import Keyframe, Kind, TrackFacts

PACKET_BYTES: Final = 188
SYNC: Final = 0x47
CLOCK_HZ: Final = 90_000
WRAP: Final = 1 << 33
_PAT_PID: Final = 0
_HEVC: Final = 0x24
_STREAMS: Final = {
    0x1B: (Kind.VIDEO, "avc1"),
    _HEVC: (Kind.VIDEO, "hvc1"),
    0x0F: (Kind.AUDIO, "mp4a"),
    0x81: (Kind.AUDIO, "ac-3"),
    0x87: (Kind.AUDIO, "ec-3"),
}
_ADTS_RATES: Final = (
    *(96000, 88200, 64000, 48000, 44100, 32000, 24000),
    *(22050, 16000, 12000, 11025, 8000, 7350),
)
_ADTS_HEADER_BYTES: Final = 7
_AAC_SAMPLES: Final = 1024


class MalformedStream(ValueError):
    """The bytes are no MPEG-TS, or name no stream that we know."""


@dataclass(slots=True)
class _Unit:
    """One PES packet: an access unit of picture, or some frames of sound."""

    start: int
    end: int = 0
    data: bytearray = field(default_factory=bytearray)

    def pts(self) -> int | None:
        if len(self.data) < 14 or not self.data[7] & 0x80:  # noqa: PLR2004 - flags, then five bytes
            return None
        b = self.data[9:14]
        high, middle, low = b[0] >> 1 & 7, (b[1] << 8 | b[2]) >> 1, (b[3] << 8 | b[4]) >> 1
        return high << 30 | middle << 15 | low

    def payload(self) -> bytes:
        return bytes(self.data[9 + self.data[8] :]) if len(self.data) > 9 else b""  # noqa: PLR2004


def measure(data: bytes, at: int = 0) -> tuple[TrackFacts, ...]:
    """Return the facts of a whole segment, which lies at byte `at` of its file.

    Raises:
        MalformedStream: a packet lost its sync byte, or there are no tables or no times.
    """
    units, kinds = _demultiplex(data)
    found = tuple(
        _video(units[pid], at, hevc=kind == _HEVC)
        if _STREAMS[kind][0] is Kind.VIDEO
        else _audio(units[pid], _STREAMS[kind][1])
        for pid, kind in kinds.items()
        if units.get(pid)
    )
    if not found:
        raise MalformedStream("no picture and no sound")
    return found


def _demultiplex(data: bytes) -> tuple[dict[int, list[_Unit]], dict[int, int]]:
    """Return the units of each known stream, and the stream types, by packet identifier."""
    if not data or len(data) % PACKET_BYTES:
        raise MalformedStream(f"{len(data)} bytes are not a number of whole packets")
    units, kinds, tables = dict[int, list[_Unit]](), dict[int, int](), set[int]()
    for position in range(0, len(data), PACKET_BYTES):
        if data[position] != SYNC:
            raise MalformedStream(f"no packet begins at {position}")
        pid = (data[position + 1] & 0x1F) << 8 | data[position + 2]
        starts, payload = bool(data[position + 1] & 0x40), _payload(data, position)
        if pid == _PAT_PID and starts:
            tables.update(_programs(payload))
        elif pid in tables and starts:
            kinds.update(_streams(payload))
        elif pid in kinds:
            _append(units.setdefault(pid, []), payload, position, starts=starts)
    return units, kinds


def _append(units: list[_Unit], payload: bytes, position: int, *, starts: bool) -> None:
    if starts:
        units.append(_Unit(position))
    if units:
        units[-1].data += payload
        units[-1].end = position + PACKET_BYTES


def _payload(data: bytes, position: int) -> bytes:
    control = data[position + 3] >> 4 & 3
    start = position + 4
    if control & 2:
        start += 1 + data[start]
    return data[start : position + PACKET_BYTES] if control & 1 else b""


def _programs(payload: bytes) -> Iterator[int]:
    section = _section(payload)
    for entry in range(8, len(section) - 3, 4):
        if section[entry : entry + 2] != b"\0\0":
            yield (section[entry + 2] & 0x1F) << 8 | section[entry + 3]


def _streams(payload: bytes) -> Iterator[tuple[int, int]]:
    section = _section(payload)
    if len(section) < 12:  # noqa: PLR2004 - the fixed part of the table
        return
    entry = 12 + ((section[10] & 0x0F) << 8 | section[11])
    while entry + 5 <= len(section):
        if section[entry] in _STREAMS:
            yield (section[entry + 1] & 0x1F) << 8 | section[entry + 2], section[entry]
        entry += 5 + ((section[entry + 3] & 0x0F) << 8 | section[entry + 4])


def _section(payload: bytes) -> bytes:
    """Return a table's section without its checksum."""
    section = payload[1 + payload[0] :] if payload else b""
    if len(section) < 3:  # noqa: PLR2004 - its header
        return b""
    return section[: 3 + ((section[1] & 0x0F) << 8 | section[2]) - 4]


def _times_s(units: Sequence[_Unit]) -> list[float]:
    """Presentation times of all units, in seconds; the clock's wrap is undone."""
    stamps = [stamp for stamp in (unit.pts() for unit in units) if stamp is not None]
    if not stamps:
        raise MalformedStream("a stream without times")
    near = stamps[0]
    return [(near + (stamp - near + WRAP // 2) % WRAP - WRAP // 2) / CLOCK_HZ for stamp in stamps]


def _video(units: Sequence[_Unit], at: int, *, hevc: bool) -> TrackFacts:
    timed = [unit for unit in units if unit.pts() is not None]
    times_s = _times_s(timed)
    frame_s = (max(times_s) - min(times_s)) / (len(times_s) - 1) if len(times_s) > 1 else 0.0
    idr = [bool(avc.is_idr(avc.start_coded(unit.payload()), hevc=hevc)) for unit in timed]
    sps = None if hevc else avc.find_sps(avc.start_coded(timed[0].payload()))
    return TrackFacts(
        kind=Kind.VIDEO,
        codec=avc.codec(sps) if sps else _STREAMS[_HEVC][1] if hevc else "avc1",
        start_s=min(times_s),
        end_s=max(times_s) + frame_s,
        frames=len(timed),
        starts_with_idr=idr[0],
        keyframes=tuple(
            Keyframe(time_s, at + unit.start, at + unit.end)
            for unit, time_s, is_key in zip(timed, times_s, idr, strict=True)
            if is_key
        ),
        size=avc.picture_size(sps) if sps else None,
    )


def _audio(units: Sequence[_Unit], codec: str) -> TrackFacts:
    timed = [unit for unit in units if unit.pts() is not None]
    times_s = _times_s(timed)
    lengths_s = [list(_adts(unit.payload())) for unit in timed]
    header = timed[0].payload()
    if codec == "mp4a" and len(header) > 2:  # noqa: PLR2004 - the profile's byte
        codec = f"mp4a.40.{(header[2] >> 6) + 1}"
    return TrackFacts(
        kind=Kind.AUDIO,
        codec=codec,
        start_s=times_s[0],
        end_s=times_s[-1] + sum(lengths_s[-1]),
        frames=sum(map(len, lengths_s)),
    )


def _adts(payload: bytes) -> Iterator[float]:
    """Yield the length in seconds of each AAC frame (ISO/IEC 14496-3, 1.A.2)."""
    position = 0
    while position + _ADTS_HEADER_BYTES <= len(payload):
        header = payload[position : position + _ADTS_HEADER_BYTES]
        rate = header[2] >> 2 & 0xF
        size = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
        if header[0] != 0xFF or rate >= len(_ADTS_RATES) or size < _ADTS_HEADER_BYTES:  # noqa: PLR2004
            return
        yield _AAC_SAMPLES / _ADTS_RATES[rate]
        position += size
