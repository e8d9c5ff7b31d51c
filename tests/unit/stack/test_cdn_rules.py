"""The edge's pure rules: paths, ranges, freshness, the cache's bounds."""

from pathlib import Path

import pytest

from reel_stack.cdn import ranges
from reel_stack.cdn.cache import DiskCache, Entry
from reel_stack.cdn.freshness import DEFAULT_S, MAX_S, lifetime_s
from reel_stack.cdn.paths import public_key
from reel_stack.cdn.ranges import ByteRange

SIZE = 1000


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-0", ByteRange(0, 0)),
        ("bytes=10-19", ByteRange(10, 19)),
        ("bytes=990-2000", ByteRange(990, 999)),
        ("bytes=500-", ByteRange(500, 999)),
        ("bytes=-1", ByteRange(999, 999)),
        ("bytes=-5000", ByteRange(0, 999)),
        ("bytes=20-10", None),
        ("bytes=0-1,5-6", None),
        ("bytes=-", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
    ],
)
def test_one_well_formed_range_counts_and_others_are_ignored(
    header: str | None, expected: ByteRange | None
) -> None:
    assert ranges.parse(header, SIZE) == expected


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=1000-1001", "bytes=-0"])
def test_a_range_outside_the_object_is_unsatisfiable(header: str) -> None:
    with pytest.raises(ranges.Unsatisfiable):
        ranges.parse(header, SIZE)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, DEFAULT_S),
        ("public", DEFAULT_S),
        ("max-age=30", 30),
        ("Max-Age=30, S-MaxAge=60", 60),
        ('max-age="30"', 30),
        ("max-age=0", 0),
        ("max-age=abc", 0),
        ("max-age=999999999999", MAX_S),
        ("no-store", 0),
        ("no-cache, max-age=30", 0),
        ("private, max-age=30", 0),
    ],
)
def test_a_shared_cache_keeps_a_response_as_long_as_it_may(
    header: str | None, seconds: int
) -> None:
    assert lifetime_s(header) == seconds


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (b"/videos/a-1/hls/master.m3u8", "videos/a-1/hls/master.m3u8"),
        (b"/videos/a/hls/a2/720p/seg_00000.m4s", "videos/a/hls/a2/720p/seg_00000.m4s"),
        (b"/videos/a/source.mov", None),
        (b"/videos/a/hls/", None),
        (b"/videos/a/hls/../source.mov", None),
        (b"/videos/a/hls/.hidden", None),
        (b"/videos/a/hls/%2e%2e/source.mov", None),
        (b"/videos/a/hls/x\n", None),
        (b"/videos/a/hls/\xff", None),
    ],
)
def test_only_a_canonical_path_of_published_hls_names_an_object(
    path: bytes, key: str | None
) -> None:
    assert public_key(path) == key


def an_entry(key: str, *, size_bytes: int = 10, stored_at: float = 0.0) -> Entry:
    return Entry(
        key=key,
        size_bytes=size_bytes,
        headers={"etag": '"e"'},
        stored_at=stored_at,
        fresh_until=stored_at + 100,
    )


def put(cache: DiskCache, entry: Entry) -> None:
    body = cache.temporary(entry.key)
    body.write_bytes(bytes(entry.size_bytes))
    cache.put(entry, body)


def holds(cache: DiskCache, key: str) -> bool:
    found = cache.open(key)
    if found is None:
        return False
    found[1].close()
    return True


def test_the_least_recently_used_entry_makes_room(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, max_bytes=20, now=lambda: 1.0)
    put(cache, an_entry("a"))
    put(cache, an_entry("b"))
    assert holds(cache, "a")

    put(cache, an_entry("c"))

    assert [key for key in "abc" if holds(cache, key)] == ["a", "c"]
    assert sum(path.stat().st_size for path in tmp_path.glob("*.body")) == 20


def test_an_open_body_stays_readable_through_its_eviction(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, max_bytes=10, now=lambda: 1.0)
    put(cache, an_entry("a"))
    found = cache.open("a")
    assert found is not None

    put(cache, an_entry("b"))

    with found[1] as body:
        assert body.read() == bytes(10)
    assert not holds(cache, "a")


def test_a_stale_entry_is_gone(tmp_path: Path) -> None:
    times = iter([50.0, 100.0])
    cache = DiskCache(tmp_path, max_bytes=100, now=lambda: next(times))
    put(cache, an_entry("a"))

    assert [holds(cache, "a"), holds(cache, "a")] == [True, False]
    assert list(tmp_path.iterdir()) == []


def test_a_restart_keeps_whole_entries_and_removes_debris(tmp_path: Path) -> None:
    put(DiskCache(tmp_path, max_bytes=100, now=lambda: 1.0), an_entry("a"))
    (tmp_path / "half.part").write_bytes(b"x")
    (tmp_path / "orphan.body").write_bytes(b"x")
    (tmp_path / "broken.json").write_bytes(b"{")

    cache = DiskCache(tmp_path, max_bytes=100, now=lambda: 1.0)

    assert holds(cache, "a")
    assert len(list(tmp_path.iterdir())) == 2
