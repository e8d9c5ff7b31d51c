import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reel_hls.isobmff import (
    Box,
    MalformedBox,
    TopLevelScan,
    children,
    find,
    read_box,
    u32,
)
from reel_testing.boxes import box


def test_a_box_says_where_it_starts_and_ends() -> None:
    assert read_box(box(b"free", b"1234"), 100, 1000) == Box(b"free", 100, 112, 8)


def test_a_size_of_one_means_a_64_bit_size() -> None:
    header = box(b"mdat", bytes(5), large=True)[:16]

    assert read_box(header, 0, 1000) == Box(b"mdat", 0, 21, 16)


def test_a_size_of_zero_reaches_to_the_end() -> None:
    assert read_box(b"\0\0\0\0mdat", 40, 1000) == Box(b"mdat", 40, 1000, 8)


@pytest.mark.parametrize(
    "header",
    [b"", b"\0\0\0\x08moo", b"\0\0\0\x07moov", b"\0\0\0\x01moov\0\0", b"\0\0\0\x01moov" + bytes(8)],
)
def test_bytes_that_are_no_header_are_refused(header: bytes) -> None:
    with pytest.raises(MalformedBox):
        read_box(header, 0, 1000)


def test_children_are_found_and_padding_is_left_alone() -> None:
    data = box(b"moov", box(b"mvhd", b"12") + box(b"trak", b"") + bytes(4))
    moov = read_box(data, 0, len(data))

    assert [child.kind for child in children(data, moov)] == [b"mvhd", b"trak"]


def test_a_child_larger_than_its_parent_is_refused() -> None:
    data = box(b"moov", b"\0\0\0\x20mvhd")

    with pytest.raises(MalformedBox):
        list(children(data, read_box(data, 0, len(data))))


def test_the_first_box_on_a_path_is_found() -> None:
    data = box(b"moov", box(b"trak", b"") + box(b"trak", box(b"mdia", b"!")))
    moov = read_box(data, 0, len(data))

    found = find(data, moov, b"trak", b"mdia")

    assert found is not None
    assert data[found.body : found.end] == b"!"
    assert find(data, moov, b"mvex") is None


def test_a_number_that_is_cut_off_is_refused() -> None:
    with pytest.raises(MalformedBox):
        u32(b"123", 0)


BOXES = st.lists(
    st.builds(box, st.sampled_from([b"moof", b"mdat", b"free"]), st.binary(max_size=40),
              large=st.booleans()),
    min_size=1, max_size=8,
)  # fmt: skip


def scan(data: bytes, step: int) -> bool:
    scan = TopLevelScan()
    for start in range(0, len(data), step):
        scan.feed(data[start : start + step])
    return scan.complete


@settings(deadline=None)
@given(boxes=BOXES, step=st.integers(1, 64))
def test_a_stream_of_whole_boxes_is_complete_however_it_is_cut_up(
    boxes: list[bytes], step: int
) -> None:
    assert scan(b"".join(boxes), step)


@settings(deadline=None)
@given(boxes=BOXES, step=st.integers(1, 64), missing=st.data())
def test_a_stream_that_ends_inside_a_box_is_not_complete(
    boxes: list[bytes], step: int, missing: st.DataObject
) -> None:
    cut = missing.draw(st.integers(1, len(boxes[-1]) - 1))

    assert not scan(b"".join(boxes)[:-cut], step)


def test_a_last_box_without_a_size_is_complete_wherever_it_ends() -> None:
    assert scan(box(b"moof", b"") + b"\0\0\0\0mdat" + bytes(99), 7)


def test_a_tail_that_is_no_box_is_not_complete() -> None:
    assert not scan(box(b"moof", b"") + b"\0\0\0\x02junk", 5)
