"""Texts without any sign of a secret are passed quickly; the others as carefully as ever."""

import json

from hypothesis import given
from hypothesis import strategies as st

from reel_observability.redaction import (
    MASK,
    SECRET_KEY,
    SECRET_TEXT,
    may_hold_secret,
    redact,
    redact_text,
)

SECRETS = st.one_of([st.from_regex(pattern) for pattern in SECRET_TEXT])
TEXTS = st.one_of(st.text(), SECRETS, st.tuples(st.text(), SECRETS, st.text()).map("".join))


def thoroughly(text: str) -> str:
    for pattern in SECRET_TEXT:
        text = pattern.sub(rf"\g<1>{MASK}", text)
    return text


@given(TEXTS)
def test_the_quick_look_overlooks_nothing(text: str) -> None:
    assert redact_text(text) == thoroughly(text)


@given(TEXTS.filter(str.isascii).map(str.swapcase))
def test_nor_in_the_other_case(text: str) -> None:
    assert redact_text(text) == thoroughly(text)


KEYS = st.one_of(st.text(), st.from_regex(SECRET_KEY))
EVENTS = st.dictionaries(KEYS, st.one_of(TEXTS, st.lists(TEXTS), st.dictionaries(KEYS, TEXTS)))


@given(EVENTS)
def test_a_look_at_the_whole_line_overlooks_nothing(event: dict[str, object]) -> None:
    line = json.dumps(event, ensure_ascii=False)

    assert may_hold_secret(line) or redact(None, "info", event) == event
