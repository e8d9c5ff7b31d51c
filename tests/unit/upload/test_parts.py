import pytest
from hypothesis import given
from hypothesis import strategies as st

from reel_kernel.media import MAX_SOURCE_BYTES
from upload_service.domain.errors import PartsMismatch
from upload_service.domain.parts import MAX_PARTS, MIB, PartPlan, StoredPart, bare_etag

SIZES = st.integers(min_value=1, max_value=MAX_SOURCE_BYTES)
TARGETS = st.integers(min_value=5 * MIB, max_value=64 * MIB)
PLAN = PartPlan.of(12 * MIB, target_part_bytes=5 * MIB)
CLAIMED = {1: "a", 2: "b", 3: "c"}
STORED = [
    StoredPart(number=1, etag="a", size_bytes=5 * MIB),
    StoredPart(number=2, etag="b", size_bytes=5 * MIB),
    StoredPart(number=3, etag="c", size_bytes=2 * MIB),
]


@given(size=SIZES, target=TARGETS)
def test_the_parts_cover_the_source_exactly(size: int, target: int) -> None:
    plan = PartPlan.of(size, target_part_bytes=target)

    lengths = [plan.length(number) for number in range(1, plan.count + 1)]

    assert sum(lengths) == size
    assert set(lengths[:-1]) <= {plan.part_size_bytes}
    assert 1 <= lengths[-1] <= plan.part_size_bytes


@given(size=st.integers(min_value=1, max_value=5 * 1024**4), target=TARGETS)
def test_a_plan_never_needs_more_parts_than_s3_takes(size: int, target: int) -> None:
    plan = PartPlan.of(size, target_part_bytes=target)

    assert plan.count <= MAX_PARTS
    assert plan.part_size_bytes >= target


@given(size=SIZES, number=st.integers())
def test_a_number_is_in_the_plan_or_has_no_length(size: int, number: int) -> None:
    plan = PartPlan.of(size, target_part_bytes=5 * MIB)

    if number in plan:
        assert plan.length(number) > 0
    else:
        with pytest.raises(ValueError, match="No part"):
            plan.length(number)


def test_a_source_of_one_byte_is_one_part() -> None:
    plan = PartPlan.of(1, target_part_bytes=5 * MIB)

    assert (plan.count, plan.length(1)) == (1, 1)


def test_a_source_of_whole_parts_has_no_empty_last_part() -> None:
    plan = PartPlan.of(10 * MIB, target_part_bytes=5 * MIB)

    assert (plan.count, plan.length(2)) == (2, 5 * MIB)


def test_parts_that_the_store_confirms_are_accepted() -> None:
    PLAN.check(CLAIMED, STORED)


def test_quotes_around_an_etag_make_no_difference() -> None:
    PLAN.check({number: f'"{etag}"' for number, etag in CLAIMED.items()}, STORED)


@pytest.mark.parametrize(
    ("claimed", "stored", "extra"),
    [
        (CLAIMED, STORED[:2], {"missing": [3], "differing": [], "unexpected": []}),
        ({1: "a"}, STORED, {"missing": [2, 3], "differing": [], "unexpected": []}),
        (CLAIMED | {2: "x"}, STORED, {"missing": [], "differing": [2], "unexpected": []}),
        (CLAIMED | {4: "d"}, STORED, {"missing": [], "differing": [], "unexpected": [4]}),
        (
            CLAIMED,
            [STORED[0], StoredPart(number=2, etag="b", size_bytes=5), STORED[2]],
            {"missing": [], "differing": [2], "unexpected": []},
        ),
        ({9: "z"}, [], {"missing": [1, 2, 3], "differing": [], "unexpected": [9]}),
    ],
)
def test_every_difference_is_named(
    claimed: dict[int, str], stored: list[StoredPart], extra: dict[str, list[int]]
) -> None:
    with pytest.raises(PartsMismatch) as refused:
        PLAN.check(claimed, stored)

    assert {name: refused.value.extra[name] for name in extra} == extra


@given(st.from_regex(r"[0-9a-f]{32}(-[0-9]{1,5})?", fullmatch=True))
def test_a_bare_etag_stays_what_it_is(etag: str) -> None:
    assert bare_etag(etag) == bare_etag(f'"{etag}"') == etag
