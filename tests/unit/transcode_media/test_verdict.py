import re

import pytest

from reel_contracts.failures import FailReason
from reel_testing.tree import ROOT
from transcode_service.domain.media_errors import (
    EncodeFailed,
    OutputIncomplete,
    Rejection,
    SourceRejected,
)
from transcode_service.domain.verdict import (
    check_exit,
    check_length,
    check_listing,
    check_same_length,
    is_demuxer_error,
)

README = ROOT / "contracts/README.md"
TAIL = ("[h264 @ 0x1] [error] error while decoding MB 52 30", "[fatal] Conversion failed!")


def test_every_rejection_is_a_public_fail_reason() -> None:
    assert {reason.value for reason in Rejection} <= {reason.value for reason in FailReason}


def test_every_fail_reason_is_told_in_words_a_support_person_understands() -> None:
    source = (ROOT / "contracts/src/reel_contracts/failures.py").read_text()
    told = re.findall(r'(?ms)^    (\w+) = "\1"\n    """(.+?)"""', source)
    rows = re.findall(r"(?m)^\| (`[A-Z_`, ]+`) \| (.{20,}) \| (?:yes|no) \|$", README.read_text())
    documented = {name for names, _ in rows for name in re.findall(r"[A-Z_]+", names)}

    assert [name for name, _ in told] == [reason.value for reason in FailReason]
    assert all(len(words.split()) >= 5 for _, words in told)
    assert documented == {reason.value for reason in FailReason}


@pytest.mark.parametrize("exit_code", [183, 69])
def test_data_that_can_t_be_decoded_are_the_source_s_fault(exit_code: int) -> None:
    with pytest.raises(SourceRejected, match="error while decoding") as rejected:
        check_exit(exit_code, TAIL)

    assert rejected.value.reason is Rejection.SOURCE_CORRUPT


@pytest.mark.parametrize("exit_code", [1, 228, 255, -9])
def test_any_other_bad_end_is_worth_another_attempt(exit_code: int) -> None:
    with pytest.raises(EncodeFailed) as failed:
        check_exit(exit_code, ("[error] No space left on device",))

    assert failed.value.exit_code == exit_code
    assert failed.value.stderr_tail == ("[error] No space left on device",)


def test_an_older_ffmpeg_tells_bad_data_in_its_messages_alone() -> None:
    said = ("Error while decoding stream #0:0: Invalid data found when processing input",)

    with pytest.raises(SourceRejected):
        check_exit(1, said)


def test_a_decoder_s_error_without_a_name_is_the_source_s_fault() -> None:
    said = (
        "[h263 @ 0x1] [error] Bad picture start code",
        "[dec:h263 @ 0x2] [error] Error submitting packet to decoder: Operation not permitted",
    )

    with pytest.raises(SourceRejected, match="Bad picture start code"):
        check_exit(255, said)


def test_a_film_that_gives_an_output_no_frame_is_corrupt() -> None:
    said = ("[vost#1:0/mjpeg @ 0x5] [enc:mjpeg @ 0x6] [error] Could not open encoder before EOF",)

    with pytest.raises(SourceRejected) as rejected:
        check_exit(234, said)

    assert rejected.value.reason is Rejection.SOURCE_CORRUPT


def test_a_damaged_container_is_corrupt_even_if_ffmpeg_is_content() -> None:
    check_exit(0, TAIL)
    with pytest.raises(SourceRejected):
        check_exit(0, TAIL, demuxer_errors=1)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("[in#0/asf @ 0x5] [error] invalid packet_length 2373978250 at:4055983", True),
        ("[asf @ 0x5] [error] ff asf bad header 6e  at:4055975", True),
        ("[mov,mp4,m4a,3gp,3g2,mj2 @ 0x5] [error] stream 0, offset 0x30: partial file", True),
        ("[in#0 @ 0x5] [warning] UDTA parsing failed retrying raw", False),
        ("[hls @ 0x5] [error] failed to rename", False),
    ],
)
def test_demuxer_errors_are_told_from_other_messages(line: str, told: bool) -> None:  # noqa: FBT001
    assert is_demuxer_error(line) is told


@pytest.mark.parametrize(
    ("encoded_s", "expected_s"), [(30.0, 30.25), (30.25, 30.0), (99.6, 100.0), (3.0, None)]
)
def test_a_film_about_as_long_as_declared_passes(
    encoded_s: float, expected_s: float | None
) -> None:
    check_length(encoded_s, expected_s)


def test_a_film_of_a_picture_a_second_may_end_with_its_last_picture() -> None:
    check_length(11.0, 10.2, frame_s=1.0)


def test_a_film_may_be_one_picture_long_if_it_says_so() -> None:
    check_length(0.04, 0.04, frame_s=0.04)


@pytest.mark.parametrize(
    ("encoded_s", "expected_s", "reason"),
    [
        (10.0, 20.0, Rejection.SOURCE_TRUNCATED),
        (99.4, 100.0, Rejection.SOURCE_TRUNCATED),
        (3.6, 4.0, Rejection.SOURCE_TRUNCATED),
        (25.0, 20.0, Rejection.SOURCE_CORRUPT),
        (0.0, None, Rejection.SOURCE_CORRUPT),
        (0.04, None, Rejection.SOURCE_CORRUPT),
    ],
)
def test_a_film_of_another_length_than_declared_is_refused(
    encoded_s: float, expected_s: float | None, reason: Rejection
) -> None:
    with pytest.raises(SourceRejected) as rejected:
        check_length(encoded_s, expected_s)

    assert rejected.value.reason is reason


def test_renditions_must_be_equally_long() -> None:
    check_same_length({"720p": 30.0, "480p": 30.03})
    with pytest.raises(OutputIncomplete):
        check_same_length({"720p": 30.0, "480p": 24.0})


def test_the_store_must_list_what_was_sent() -> None:
    check_listing({"a": 1}, {"a": 1, "left-over": 9})
    for listed in ({}, {"a": 2}):
        with pytest.raises(OutputIncomplete):
            check_listing({"a": 1}, listed)
