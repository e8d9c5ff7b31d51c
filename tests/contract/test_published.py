"""The committed documents are what the code says, and are documents of their kind."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from reel_contract_tools.openapi import APPS, openapi_of
from reel_contract_tools.publish import BASELINE, SCHEMAS, encode, generate, read
from reel_contract_tools.schemas import schema_of, structs
from reel_testing.tree import ROOT

CONTRACTS = ROOT / "contracts"


def test_the_committed_documents_are_what_the_code_says() -> None:
    committed, generated = read(CONTRACTS), generate()

    drifted = {name for name in generated if committed.get(name) != generated[name]}

    assert drifted | (committed.keys() - generated.keys()) == set(), "run: make contracts"


def test_generating_twice_gives_the_same_bytes() -> None:
    first = {name: encode(document) for name, document in generate().items()}
    second = {name: encode(document) for name, document in generate().items()}

    assert first == second


def test_every_schema_is_a_valid_json_schema() -> None:
    for struct in structs().values():
        Draft202012Validator.check_schema(schema_of(struct))


def test_every_api_document_is_openapi_3_1() -> None:
    versions = {service: openapi_of(service)["openapi"] for service in APPS}

    assert set(versions.values()) == {"3.1.0"}


def test_no_public_operation_of_an_api_lacks_a_problem_answer() -> None:
    for service in ("video-service", "upload-service"):
        for path, operations in openapi_of(service)["paths"].items():
            if not path.startswith("/api/"):
                continue
            for method, operation in operations.items():
                described = [
                    status
                    for status, answer in operation["responses"].items()
                    if "application/problem+json" in answer.get("content", {})
                ]
                assert described, f"{service}: {method.upper()} {path}"


@pytest.mark.parametrize("folder", [CONTRACTS, CONTRACTS / BASELINE])
def test_an_api_document_says_of_a_body_what_its_schema_says(folder: Path) -> None:
    documents = read(folder)
    defined = {
        name: definition
        for path, document in documents.items()
        if path.startswith(f"{SCHEMAS}/")
        for name, definition in document["$defs"].items()
    }

    for path, document in documents.items():
        components = document.get("components", {}).get("schemas", {})
        for name in components.keys() & defined.keys():
            said = encode(components[name]).replace(b"#/components/schemas/", b"#/$defs/")
            assert said == encode(defined[name]), f"{path}: {name}"
