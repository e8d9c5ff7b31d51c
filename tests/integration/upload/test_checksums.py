"""Checksums that the real store verifies, and what the service makes of them."""

import base64
import hashlib
from collections.abc import Callable
from typing import Final
from uuid import UUID, uuid4

import google_crc32c
import httpx
import pytest

from reel_testing.upload.agent import Agent
from reel_testing.upload.builders import MIB, an_mp4
from reel_testing.upload.service import UploadSystem

SOURCE: Final = an_mp4(6 * MIB)
PART: Final = 5 * MIB
PARTS: Final = [SOURCE[:PART], SOURCE[PART:]]


def crc32c(data: bytes) -> str:
    return base64.b64encode(google_crc32c.Checksum(data).digest()).decode()


def sha256(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


async def opened(agent: Agent, algorithm: str | None = "CRC32C") -> UUID:
    body = {"sourceMime": "video/mp4", "sourceSizeBytes": len(SOURCE)}
    answer = await agent.api.post(
        f"/api/videos/{uuid4()}/uploads",
        json=body | {"checksumAlgorithm": algorithm},
        headers=agent.tokens.header(agent.id),
    )
    assert (answer.status_code, answer.json().get("checksumAlgorithm")) == (201, algorithm)
    return UUID(answer.json()["uploadSessionId"])


async def sent(agent: Agent, session_id: UUID, sums: list[str]) -> list[dict[str, object]]:
    """PUT both parts; return the list to complete with."""
    answer = await agent.do(session_id, "parts", {"partNumbers": [1, 2], "checksums": sums})
    assert answer.status_code == 200, answer.text
    parts: list[dict[str, object]] = []
    for url, body, checksum in zip(answer.json()["parts"], PARTS, sums, strict=True):
        put = await agent.store.put(url["uploadUrl"], content=body, headers=url["headers"])
        assert put.status_code == 200, put.text
        number = url["partNumber"]
        parts.append({"partNumber": number, "etag": put.headers["etag"], "checksum": checksum})
    return parts


@pytest.mark.parametrize(("algorithm", "make"), [("CRC32C", crc32c), ("SHA256", sha256)])
async def test_parts_are_verified_on_their_way_and_the_whole_is_kept(
    system: UploadSystem, algorithm: str, make: Callable[[bytes], str]
) -> None:
    agent, sums = system.agent, [make(part) for part in PARTS]
    session_id = await opened(agent, algorithm)
    parts = await sent(agent, session_id, sums)
    shown = (await agent.show(session_id)).json()

    done = await agent.complete(session_id, parts)

    assert done.status_code == 200, done.text
    assert [part["checksum"] for part in shown["uploadedParts"]] == sums
    assert (shown["checksumAlgorithm"], shown.get("checksum")) == (algorithm, None)
    view = (await agent.show(session_id)).json()
    whole = crc32c(SOURCE) if algorithm == "CRC32C" else _of_hashes(sums)
    assert view["checksum"] == whole == (await system.row(session_id))["source_checksum"]


def _of_hashes(sums: list[str]) -> str:
    digests = b"".join(base64.b64decode(one) for one in sums)
    return f"{sha256(digests)}-{len(sums)}"


async def test_the_store_refuses_other_bytes_another_checksum_and_none(agent: Agent) -> None:
    session_id = await opened(agent)
    asked = {"partNumber": 1, "checksum": crc32c(PARTS[0])}
    url = (await agent.do(session_id, "parts", asked)).json()
    other = bytes(PART)

    async def put(body: bytes, headers: dict[str, str]) -> httpx.Response:
        return await agent.store.put(url["uploadUrl"], content=body, headers=headers)

    answers = [
        await put(other, url["headers"]),
        await put(other, {"x-amz-checksum-crc32c": crc32c(other)}),
        await put(PARTS[0], {}),
    ]

    assert [answer.status_code for answer in answers] == [400, 403, 403]
    assert "<Code>BadDigest</Code>" in answers[0].text
    assert (await agent.show(session_id)).json()["uploadedParts"] == []


async def test_a_part_that_was_replaced_differs_by_its_checksum(agent: Agent) -> None:
    sums = [crc32c(part) for part in PARTS]
    session_id = await opened(agent)
    parts = await sent(agent, session_id, sums)
    parts[1]["checksum"] = crc32c(b"what the app believes it sent")

    refused = await agent.do(session_id, "complete", {"parts": parts})

    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (409, "parts-mismatch")
    assert problem["differing"] == [2]
    assert problem["parts"][0]["actual"]["checksum"] == sums[1]


async def test_the_whole_files_checksum_is_compared(agent: Agent) -> None:
    session_id = await opened(agent)
    parts = await sent(agent, session_id, [crc32c(part) for part in PARTS])
    wrong = crc32c(b"another file")

    refused = await agent.do(session_id, "complete", {"parts": parts, "checksum": wrong})
    done = await agent.do(session_id, "complete", {"parts": parts, "checksum": crc32c(SOURCE)})

    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (409, "checksum-mismatch")
    assert (problem["expected"], problem["actual"]) == (wrong, crc32c(SOURCE))
    assert (done.status_code, done.json()["status"]) == (200, "COMPLETED")


@pytest.mark.parametrize(
    ("algorithm", "body", "field", "code"),
    [
        ("CRC32C", {"partNumber": 1}, "checksum", "missing"),
        ("CRC32C", {"partNumber": 1, "checksum": "no"}, "checksum", "invalid"),
        ("CRC32C", {"partNumbers": [1, 2], "checksums": ["AAAAAA=="]}, "checksums", "missing"),
        ("CRC32C", {"partNumber": 1, "checksums": ["AAAAAA=="]}, "checksums", "conflicting"),
        (None, {"partNumber": 1, "checksum": "AAAAAA=="}, "checksum", "unexpected"),
    ],
)
async def test_a_checksum_that_does_not_fit_is_named(
    agent: Agent, algorithm: str | None, body: dict[str, object], field: str, code: str
) -> None:
    session_id = await opened(agent, algorithm)

    refused = await agent.do(session_id, "parts", body)

    assert refused.status_code == 422
    assert (refused.json()["errors"][0]["field"], refused.json()["errors"][0]["code"]) == (
        field,
        code,
    )
