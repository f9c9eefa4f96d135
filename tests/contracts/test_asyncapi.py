from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import orjson
import pytest

from shared.contracts.asyncapi import asyncapi_document
from shared.contracts.message import list_contracts
from tests.contracts.snapshot import GOLDENS

STANDARD = json.loads((Path(__file__).parent / "asyncapi-3.0.0.schema.json").read_text())


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return asyncapi_document("1.2.3", events="city.events", commands="city.commands", reports="city.reports")


def test_document_is_valid_asyncapi_3(document: dict[str, Any]) -> None:
    mistakes = [
        f"{'/'.join(map(str, error.path))}: {error.message[:200]}"
        for error in jsonschema.Draft7Validator(STANDARD).iter_errors(document)
    ]
    assert mistakes == []


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in _references(document):
        found: Any = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        assert found


def test_every_contract_is_described_on_one_channel(document: dict[str, Any]) -> None:
    carried = [name for channel in document["channels"].values() for name in channel["messages"]]
    assert len(list_contracts()) == len(carried)
    assert set(carried) == set(document["components"]["messages"])


@pytest.mark.parametrize("path", sorted(GOLDENS.glob("*.json")), ids=lambda path: path.stem)
def test_messages_on_the_bus_fit_their_description(document: dict[str, Any], path: Path) -> None:
    payload = document["components"]["messages"][path.stem]["payload"]["schema"]
    schema = {**payload, "components": document["components"]}
    jsonschema.validate(orjson.loads(path.read_bytes()), schema, cls=jsonschema.Draft7Validator)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)
