"""Every operation answers what its OpenAPI document says, to good requests and to bad ones."""

import asyncio

import httpx
import pytest

from reel_stack.topology import SERVICES
from reel_testing.budget import Budget
from reel_testing.openapi.runs import SLICE, WHOLE, labels, load, run
from reel_testing.stack import RunningStack
from reel_testing.tree import ROOT

DOCUMENTS = ROOT / "contracts" / "openapi"
NAMES = [service.name for service in SERVICES]


@pytest.mark.parametrize("service", NAMES)
async def test_a_service_serves_the_committed_document(stack: RunningStack, service: str) -> None:
    async with httpx.AsyncClient(base_url=stack.services[service], trust_env=False) as http:
        served = await http.get("/schema/openapi.json")
        pages = [await http.get(path) for path in ("/schema", "/schema/swagger")]

    assert served.content.strip(), served.status_code
    assert (
        served.json()
        == httpx.Response(200, content=(DOCUMENTS / f"{service}.json").read_bytes()).json()
    )
    assert [page.status_code for page in pages] == [200, 200]
    assert all(page.headers["content-type"].startswith("text/html") for page in pages)


# What a generator draws for long lists is large, and that is fine.
@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@pytest.mark.parametrize("service", NAMES)
async def test_a_service_keeps_to_its_document(
    stack: RunningStack, budget: Budget, service: str
) -> None:
    extent = WHOLE if budget.long else SLICE
    document = load(DOCUMENTS / f"{service}.json", stack.services[service], extent)

    outcome = await asyncio.to_thread(run, document, stack)

    print(outcome)  # noqa: T201 - how often each operation answered what
    assert outcome.findings == []
    assert outcome.successful == labels(document)
