"""AVI films in several RIFF chunks, as OpenDML writers make them of what is beyond 1 GiB."""

import struct
from collections.abc import Iterator


def in_two_riffs(film: bytes) -> bytes:
    """Part the frames of an AVI film: half stay in its RIFF, half go into an `AVIX` behind it."""
    first, second = b"", b""
    for kind, body in _chunks(film[12:]):
        if kind == b"LIST" and body[:4] == b"movi":
            frames = [_chunk(*frame) for frame in _chunks(body[4:])]
            half = len(frames) // 2
            first += _chunk(b"LIST", b"movi" + b"".join(frames[:half]))
            second = _chunk(b"LIST", b"movi" + b"".join(frames[half:]))
        elif kind != b"idx1":
            first += _chunk(kind, body)
    return _chunk(b"RIFF", b"AVI " + first) + _chunk(b"RIFF", b"AVIX" + second)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        yield kind, data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(body)) + body + bytes(len(body) % 2)
