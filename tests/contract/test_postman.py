"""The Postman collection asks for every public operation, and keeps no secret."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from reel_contract_tools.openapi import openapi_of
from reel_testing.tree import ROOT

Json = dict[str, Any]

FOLDER = ROOT / "contracts" / "postman"
PUBLIC = ("video-service", "upload-service")
INTERNAL = re.compile(r"^/(healthz|readyz|api/webhooks/.*)$")
NAME = re.compile(r"\{\{?(?P<name>\w+)\}?\}")


def collection() -> Json:
    return msgspec.json.decode((FOLDER / "reel.postman_collection.json").read_bytes())


def environment() -> Json:
    return msgspec.json.decode((FOLDER / "reel.postman_environment.json").read_bytes())


def requests(items: list[Json]) -> Iterator[Json]:
    for item in items:
        if "request" in item:
            yield item
        else:
            yield from requests(item["item"])


def scripts(item: Json, listen: str) -> str:
    return "\n".join(
        line
        for event in item.get("event", ())
        if event["listen"] == listen
        for line in event["script"]["exec"]
    )


def asked() -> set[str]:
    """Return the operations asked for, with `{}` where an id stands."""
    found: set[str] = set()
    for item in requests(collection()["item"]):
        url: Json | str = item["request"]["url"]
        raw = url if isinstance(url, str) else str(url["raw"])
        base, _, path = raw.partition("/")
        if base == "{{baseUrl}}":
            path = NAME.sub("{}", path.partition("?")[0])
            found.add(f"{item['request']['method']} /{path}")
    return found


def public() -> set[str]:
    return {
        f"{method.upper()} {NAME.sub('{}', path)}"
        for service in PUBLIC
        for path, operations in openapi_of(service)["paths"].items()
        if not INTERNAL.match(path)
        for method in operations
    }


def test_every_public_operation_is_asked_for() -> None:
    assert public() - asked() == set()


def test_every_request_is_judged() -> None:
    for item in requests(collection()["item"]):
        assert "pm.test(" in scripts(item, "test"), item["name"]


def test_every_variable_is_in_the_environment_or_set_on_the_way() -> None:
    text = msgspec.json.encode(collection()).decode()
    given = {value["key"] for value in environment()["values"]}
    kept = set(re.findall(r'ariables\.set\(\\"(\w+)\\"', text))
    declared = {variable["key"] for variable in collection()["variable"]}

    used = set(re.findall(r"\{\{(\w+)\}\}", text))

    assert used - given - kept - declared == set()


def test_the_environment_holds_no_secret() -> None:
    secret = [value for value in environment()["values"] if value["type"] == "secret"]

    assert {value["key"] for value in secret} == {"token", "otherToken"}
    assert all(value["value"] == "" for value in secret)
