"""Conditional requests (RFC 9110)."""

import pytest

from video_service.api.etags import ETags

TAGS = ETags(salt="https://cdn.example.com")
V3 = TAGS.of(3)


def test_a_tag_is_strong_and_quoted() -> None:
    assert V3.startswith('"3-')
    assert V3.endswith('"')


def test_another_cdn_is_another_answer() -> None:
    assert ETags(salt="https://cdn2.example.com").of(3) != V3


@pytest.mark.parametrize("header", [V3, f"W/{V3}", f'"x", {V3}', "*", f" {V3} "])
def test_a_held_version_is_known(header: str) -> None:
    assert TAGS.is_known(header, 3)


@pytest.mark.parametrize("header", [None, "", '"3"', TAGS.of(4), "3", V3.strip('"')])
def test_another_version_is_not_known(header: str | None) -> None:
    assert not TAGS.is_known(header, 3)


@pytest.mark.parametrize("header", [None, "*"])
def test_no_precondition_accepts_any_version(header: str | None) -> None:
    assert TAGS.versions(header) is None


def test_a_list_of_tags_accepts_each_of_them() -> None:
    assert TAGS.versions(f"{V3}, {TAGS.of(5)}") == {3, 5}


@pytest.mark.parametrize("header", ["", f"W/{V3}", '"3"', '"3-00000000"', "nonsense", '"²-1"'])
def test_a_weak_or_foreign_tag_accepts_none(header: str) -> None:
    assert TAGS.versions(header) == frozenset()
