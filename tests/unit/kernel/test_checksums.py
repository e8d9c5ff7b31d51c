import base64
import hashlib
import random

import pytest

from reel_kernel.checksums import Algorithm, header_of, is_checksum, joined_etag, whole_checksum

POLYNOMIALS = {
    Algorithm.CRC32C: (0x82F63B78, 32),
    Algorithm.CRC64NVME: (0x9A6C9329AC4BC9B5, 64),
}


def crc(algorithm: Algorithm, data: bytes) -> str:
    """Bit by bit, as the definition says."""
    polynomial, width = POLYNOMIALS[algorithm]
    ones = (1 << width) - 1
    register = ones
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (polynomial if register & 1 else 0)
    return base64.b64encode((register ^ ones).to_bytes(width // 8, "big")).decode()


@pytest.mark.parametrize(
    ("algorithm", "check"),
    [(Algorithm.CRC32C, 0xE3069283), (Algorithm.CRC64NVME, 0xAE8B14860A799888)],
)
def test_the_catalogue_of_crcs_agrees(algorithm: Algorithm, check: int) -> None:
    width = POLYNOMIALS[algorithm][1] // 8
    expected = base64.b64encode(check.to_bytes(width, "big")).decode()

    assert whole_checksum(algorithm, [(crc(algorithm, b"123456789"), 9)]) == expected


@pytest.mark.parametrize("algorithm", [Algorithm.CRC32C, Algorithm.CRC64NVME])
@pytest.mark.parametrize("cuts", [[1], [100, 100], [64, 64, 64, 7], [1, 200, 3]])
def test_the_parts_give_the_crc_of_the_whole(algorithm: Algorithm, cuts: list[int]) -> None:
    parts = [random.Random(size).randbytes(size) for size in cuts]  # noqa: S311 - test data

    whole = whole_checksum(algorithm, [(crc(algorithm, part), len(part)) for part in parts])

    assert whole == crc(algorithm, b"".join(parts))


def test_sha256_is_a_hash_of_hashes() -> None:
    digests = [hashlib.sha256(part).digest() for part in (b"one", b"two")]
    parts = [(base64.b64encode(digest).decode(), 3) for digest in digests]

    whole = whole_checksum(Algorithm.SHA256, parts)

    expected = base64.b64encode(hashlib.sha256(b"".join(digests)).digest()).decode()
    assert whole == f"{expected}-2"


@pytest.mark.parametrize(
    ("algorithm", "text", "good"),
    [
        (Algorithm.CRC32C, "4waSgw==", True),
        (Algorithm.CRC32C, "4waSgw", False),
        (Algorithm.CRC32C, "not base64!", False),
        (Algorithm.CRC32C, "", False),
        (Algorithm.CRC64NVME, "4waSgw==", False),
        (Algorithm.SHA256, base64.b64encode(bytes(32)).decode(), True),
        (Algorithm.CRC32C, "é", False),
    ],
)
def test_a_checksum_is_base64_of_the_right_length(
    algorithm: Algorithm, text: str, *, good: bool
) -> None:
    assert is_checksum(algorithm, text) is good


def test_the_header_is_named_after_the_algorithm() -> None:
    assert header_of(Algorithm.CRC32C) == "x-amz-checksum-crc32c"


def test_the_tag_of_joined_parts_is_the_hash_of_their_hashes() -> None:
    one, two = hashlib.md5(b"1").hexdigest(), hashlib.md5(b"2").hexdigest()  # noqa: S324 - S3's

    assert joined_etag([one, two]) == (
        hashlib.md5(bytes.fromhex(one + two)).hexdigest() + "-2"  # noqa: S324 - S3's
    )
    assert joined_etag(["no-md5"]) == ""
