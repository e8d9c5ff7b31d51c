"""Nothing that was released breaks; and each kind of break would be noticed."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from reel_contract_tools.compatibility import incompatibilities
from reel_contract_tools.direction import Direction
from reel_contract_tools.openapi_breaks import OpenApiComparison
from reel_contract_tools.publish import BASELINE, generate, read
from reel_contract_tools.schema_breaks import SchemaComparison
from reel_contract_tools.schemas import direction_of, structs
from reel_testing.tree import ROOT

Document = dict[str, Any]
Change = Callable[[Document], object]

FILM: Document = {
    "$ref": "#/$defs/Film",
    "$defs": {
        "Film": {
            "type": "object",
            "properties": {
                "type": {"enum": ["FilmMade.v1"]},
                "title": {"type": "string", "minLength": 1, "maxLength": 200},
                "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                "state": {"enum": ["DRAFT", "READY"]},
                "lengthS": {"type": "number"},
                "reels": {"type": "array", "items": {"$ref": "#/$defs/Reel"}},
            },
            "required": ["type", "title", "state"],
        },
        "Reel": {
            "type": "object",
            "properties": {"id": {"type": "string", "format": "uuid"}},
            "required": ["id"],
        },
    },
}


DEFS: Document = {"$defs": FILM["$defs"]}
BOTH = Direction.BOTH


def film(document: Document) -> Document:
    return document["$defs"]["Film"]


def properties(document: Document) -> Document:
    return film(document)["properties"]


def rules_broken(old: Document, change: Change, direction: Direction) -> list[str]:
    new = deepcopy(old)
    change(new)
    found = SchemaComparison(old, new, direction).breaks(old, new, "Film")
    return [f"{item.where}: {item.rule}" for item in found]


# What a sender of yesterday would trip over.
BREAKS_FOR_SENDERS: list[tuple[Change, str]] = [
    (lambda d: properties(d).pop("note"), "Film.note: property removed"),
    (lambda d: film(d)["required"].append("note"), "Film.note: property is now required"),
    (
        lambda d: properties(d).update(note={"type": "string"}),
        "Film.note: type null is no longer accepted",
    ),
    (
        lambda d: properties(d).update(lengthS={"type": "integer"}),
        "Film.lengthS: type number is no longer accepted",
    ),
    (lambda d: properties(d)["state"].update(enum=["READY"]), "Film.state: value 'DRAFT' removed"),
    (
        lambda d: properties(d)["title"].update(enum=["a", "b"]),
        "Film.title: values are now a closed list",
    ),
    (lambda d: properties(d)["title"].update(maxLength=99), "Film.title: maxLength lowered to 99"),
    (lambda d: properties(d)["title"].update(minLength=2), "Film.title: minLength raised to 2"),
    (lambda d: properties(d)["reels"].update(maxItems=5), "Film.reels: maxItems lowered to 5"),
    (lambda d: properties(d)["title"].update(pattern="^a"), "Film.title: pattern is now ^a"),
    (
        lambda d: film(d).update(additionalProperties=False),
        "Film: unknown properties are now refused",
    ),
    (
        lambda d: d["$defs"]["Reel"]["properties"]["id"].update(format="uri"),
        "Film.reels[].id: format is now uri",
    ),
]

# What a reader of yesterday would trip over.
BREAKS_FOR_READERS: list[tuple[Change, str]] = [
    (lambda d: properties(d).pop("note"), "Film.note: property removed"),
    (lambda d: film(d)["required"].remove("title"), "Film.title: property may now be absent"),
    (
        lambda d: properties(d).update(title={"anyOf": [{"type": "string"}, {"type": "null"}]}),
        "Film.title: may now be null",
    ),
    (
        lambda d: properties(d).update(state={"type": "integer"}),
        "Film.state: may now be integer",
    ),
    (
        lambda d: d["$defs"]["Reel"]["properties"].pop("id"),
        "Film.reels[].id: property removed",
    ),
    (lambda d: properties(d)["state"].update(enum=["READY"]), "Film.state: value 'DRAFT' removed"),
]

HARMLESS: list[Change] = [
    lambda d: properties(d).update(colour={"type": "string"}),
    lambda d: properties(d)["state"]["enum"].append("FAILED"),
    lambda d: film(d).update(description="A film."),
    lambda d: properties(d).update(note={"type": ["null", "string"]}),
    lambda d: d["$defs"].update(Other=d["$defs"]["Reel"]),
]


@pytest.mark.parametrize(("change", "rule"), BREAKS_FOR_SENDERS)
def test_a_change_that_refuses_old_requests_is_noticed(change: Change, rule: str) -> None:
    assert rule in rules_broken(FILM, change, Direction.REQUEST)
    assert rule in rules_broken(FILM, change, Direction.BOTH)


@pytest.mark.parametrize(("change", "rule"), BREAKS_FOR_READERS)
def test_a_change_that_old_clients_cannot_read_is_noticed(change: Change, rule: str) -> None:
    assert rule in rules_broken(FILM, change, Direction.ANSWER)
    assert rule in rules_broken(FILM, change, Direction.BOTH)


def rename_tag(document: Document) -> None:
    properties(document)["type"].update(enum=["FilmMade.v2"])


def test_a_renamed_event_tag_is_noticed() -> None:
    rules = rules_broken(FILM, rename_tag, Direction.BOTH)

    assert rules == ["Film.type: value 'FilmMade.v1' removed"]


def test_a_renamed_tag_in_a_union_of_events_is_noticed() -> None:
    union: Document = {"anyOf": [film(FILM), {**film(FILM), "properties": {}}], **DEFS}

    rules = rules_broken(union, lambda d: rename_tag({"$defs": {"Film": d["anyOf"][0]}}), BOTH)

    assert rules == [
        "Film: type object:FilmMade.v1 is no longer accepted",
        "Film: may now be object:FilmMade.v2",
    ]


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("change", HARMLESS)
def test_an_addition_is_no_break(change: Change, direction: Direction) -> None:
    assert rules_broken(FILM, change, direction) == []


def test_a_type_that_refers_to_itself_is_compared_once() -> None:
    tree: Document = {"$ref": "#/$defs/T", "$defs": {"T": {"type": "object", "properties": {}}}}
    tree["$defs"]["T"]["properties"] = {"kids": {"type": "array", "items": {"$ref": "#/$defs/T"}}}

    assert rules_broken(tree, lambda _: None, Direction.BOTH) == []


API: Document = {
    "paths": {
        "/films/{id}": {
            "patch": {
                "parameters": [
                    {"in": "path", "name": "id", "required": True, "schema": {"type": "string"}},
                    {"in": "query", "name": "limit", "schema": {"type": "integer", "maximum": 100}},
                ],
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/New"}}
                    }
                },
                "responses": {
                    "200": {
                        "headers": {"etag": {"schema": {"type": "string"}}},
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Film"}}
                        },
                    },
                    "404": {"description": "No such film."},
                },
            }
        }
    },
    "components": {
        "schemas": {
            "New": {"type": "object", "properties": {"title": {"type": "string"}}},
            "Film": {
                "type": "object",
                "properties": {"title": {"type": "string"}},
                "required": ["title"],
            },
        }
    },
}
WHERE = "PATCH /films/{id}"


def patch(document: Document) -> Document:
    return document["paths"]["/films/{id}"]["patch"]


def schema(document: Document, name: str) -> Document:
    return document["components"]["schemas"][name]


API_BREAKS: list[tuple[Change, str]] = [
    (lambda d: d["paths"].clear(), "/films/{id}: path removed"),
    (lambda d: d["paths"]["/films/{id}"].clear(), f"{WHERE}: operation removed"),
    (lambda d: patch(d)["responses"].pop("404"), f"{WHERE} 404: status removed"),
    (lambda d: patch(d)["responses"]["200"].pop("headers"), f"{WHERE} 200 etag: header removed"),
    (
        lambda d: patch(d)["responses"]["200"].pop("content"),
        f"{WHERE} 200 application/json: media type removed",
    ),
    (
        lambda d: patch(d)["requestBody"]["content"].clear(),
        f"{WHERE} body application/json: media type removed",
    ),
    (
        lambda d: patch(d)["requestBody"].update(required=True),
        f"{WHERE} body: a body is now required",
    ),
    (lambda d: patch(d)["parameters"].pop(), f"{WHERE} query limit: parameter removed"),
    (
        lambda d: patch(d)["parameters"][1].update(required=True),
        f"{WHERE} query limit: parameter is now required",
    ),
    (
        lambda d: patch(d)["parameters"].append({"in": "header", "name": "k", "required": True}),
        f"{WHERE} header k: parameter is now required",
    ),
    (
        lambda d: patch(d)["parameters"][1]["schema"].update(maximum=50),
        f"{WHERE} query limit: maximum lowered to 50",
    ),
    (lambda d: patch(d).update(security=[{"jwt": []}]), f"{WHERE}: a credential is now required"),
    (
        lambda d: schema(d, "New").update(required=["title"]),
        f"{WHERE} body.title: property is now required",
    ),
    (lambda d: schema(d, "Film")["properties"].clear(), f"{WHERE} 200.title: property removed"),
]

API_ADDITIONS: list[Change] = [
    lambda d: d["paths"].update({"/reels": {"get": {"responses": {}}}}),
    lambda d: patch(d)["responses"].update({"409": {"description": "Conflict."}}),
    lambda d: patch(d)["parameters"].append({"in": "query", "name": "page", "schema": {}}),
    lambda d: schema(d, "New")["properties"].update(note={"type": "string"}),
    lambda d: schema(d, "Film")["properties"].update(note={"type": "string"}),
]


def api_rules_broken(change: Change) -> list[str]:
    new = deepcopy(API)
    change(new)
    return [f"{item.where}: {item.rule}" for item in OpenApiComparison(API, new).breaks()]


@pytest.mark.parametrize(("change", "rule"), API_BREAKS)
def test_an_api_change_that_breaks_clients_is_noticed(change: Change, rule: str) -> None:
    assert api_rules_broken(change) == [rule]


@pytest.mark.parametrize("change", API_ADDITIONS)
def test_an_addition_to_an_api_is_no_break(change: Change) -> None:
    assert api_rules_broken(change) == []


def test_a_document_that_is_gone_is_noticed() -> None:
    found = incompatibilities({"schemas/Film.json": FILM}, {}, {})

    assert [(item.where, item.rule) for item in found] == [
        ("schemas/Film.json", "document removed")
    ]


def test_today_keeps_every_promise_of_the_last_release() -> None:
    released = read(ROOT / "contracts" / BASELINE)
    directions = {name: direction_of(struct) for name, struct in structs().items()}

    assert released
    assert list(incompatibilities(released, generate(), directions)) == []
