"""Films that were made to do harm: to read what is not theirs, or to use up the machine."""

import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Final

from reel_testing.boxes import FTYP, Mdat, box

Edit = Callable[[bytes], bytes]
U32: Final = 0xFFFF_FFFF

DISGUISES: Final[Mapping[str, bytes]] = {
    "hls": b"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "hls with a bom": b"\xef\xbb\xbf#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1/latest\n",
    "concat": b"ffconcat version 1.0\nfile '/etc/passwd'\n",
    "dash": b'<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>\n',
    "sdp": b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nm=video 5004 RTP/AVP 96\r\n",
    "image pattern": b"/etc/%03d.png\n",
    "data url": b"data:video/mp4;base64,AAAAHGZ0eXBpc29t\n",
    "concat url": b"concat:/etc/passwd|/etc/hostname\n",
    "subtitles": b"1\n00:00:00,000 --> 00:00:09,000\nfile:///etc/passwd\n",
    "smil": b"<smil><body><video src='/etc/passwd'/></body></smil>\n",
    "a reference in text": b"RTSPtextRTSP://127.0.0.1/film\n",
    "matroska": bytes.fromhex("1a45dfa3") + b"\x9fB\x86\x81\x01webm",
}
"""What opens other files when a demuxer is guessed."""


def field(kind: bytes, at: int, value: bytes) -> Edit:
    """Return what overwrites bytes of the first box of this kind, `at` of its body."""

    def edit(film: bytes) -> bytes:
        place = film.index(kind) + 4 + at
        return film[:place] + value + film[place + len(value) :]

    return edit


def everywhere(kind: bytes, at: int, value: bytes) -> Edit:
    """Return what overwrites bytes of every box of this kind."""

    def edit(film: bytes) -> bytes:
        parts = film.split(kind)
        cut = [part[:at] + value + part[at + len(value) :] for part in parts[1:]]
        return kind.join([parts[0], *cut])

    return edit


def external(url: bytes) -> Edit:
    """Return what says that a film's samples lie elsewhere; the room is that of its `url ` box."""

    def edit(film: bytes) -> bytes:
        dref = film.index(b"dref") - 4
        size = int.from_bytes(film[dref : dref + 4], "big")
        entry = box(b"alis", bytes(4) + _alias(url))
        return _grown(film, dref, size, box(b"dref", struct.pack(">II", 0, 1) + entry))

    return edit


def _alias(path: bytes) -> bytes:
    """Return a Mac OS alias record with an absolute path (type 2), as QuickTime wrote it."""
    path = b"disk" + path.replace(b"/", b":")
    name = path.rpartition(b":")[2][:63]
    head = bytes(10) + bytes([4]) + b"disk".ljust(27, b"\0") + bytes(12)
    head += bytes([len(name)]) + name.ljust(63, b"\0") + bytes(16) + struct.pack(">hh", 1, 1)
    tail = bytes(16) + struct.pack(">hh", 2, len(path)) + path + bytes(len(path) % 2)
    return head + tail + struct.pack(">hh", -1, 0)


def _grown(film: bytes, start: int, size: int, new: bytes) -> bytes:
    """Put `new` in the place of a box below `moov`, and make its parents' sizes right."""
    data = bytearray(film)
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
        at = data.index(kind, data.index(b"moov")) - 4
        grown = int.from_bytes(data[at : at + 4], "big") + len(new) - size
        data[at : at + 4] = grown.to_bytes(4, "big")
    return bytes(data[:start]) + new + bytes(data[start + size :])


def reference_movie(url: bytes) -> bytes:
    """Return a QuickTime movie without tracks that names another film to be played instead."""
    rdrf = box(b"rdrf", struct.pack(">I4sI", 0, b"url ", len(url)) + url)
    moov = box(b"moov", box(b"mvhd", bytes(100)) + box(b"rmra", box(b"rmda", rdrf)))
    return FTYP + moov + Mdat((bytes(100),)).data


def compressed_index(says_bytes: int, unpacks_to: int) -> bytes:
    """Return a film whose index is a compressed one that says and unpacks to these lengths."""
    packed = zlib.compress(bytes(unpacks_to), 9)
    cmov = box(
        b"cmov",
        box(b"dcom", b"zlib") + box(b"cmvd", says_bytes.to_bytes(4, "big") + packed),
    )
    return FTYP + box(b"moov", cmov) + Mdat((bytes(100),)).data


def subtitled_playlist(film: bytes) -> bytes:
    """Put a playlist where an AVI may hold subtitles (GAB2), from which demuxers were guessed."""
    text = DISGUISES["hls"]
    gab2 = b"GAB2\0\x02\0" + struct.pack("<I", 2) + b"a\0" + struct.pack("<HI", 4, len(text)) + text
    at = film.index(b"movi") + 4
    junk = b"02sb" + struct.pack("<I", len(gab2)) + gab2 + bytes(len(gab2) % 2)
    data = bytearray(film[:at] + junk + film[at:])
    for place in (4, at - 8):
        (size,) = struct.unpack_from("<I", data, place)
        struct.pack_into("<I", data, place, size + len(junk))
    return bytes(data)
