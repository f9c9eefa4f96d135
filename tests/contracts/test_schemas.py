"""Schemas are promises to everybody who reads the bus: a change shows in the diff of a snapshot.

`python -m tests.contracts.snapshot` writes them again; only optional fields are ever added to a version.
"""

from __future__ import annotations

from pathlib import Path

import jsonschema
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.codec import PRODUCERS, decode, open_letter
from shared.contracts.decoding import plain
from shared.contracts.message import Message, list_contracts
from shared.contracts.schema import schema_of
from tests.contracts.samples import values
from tests.contracts.snapshot import GOLDENS, SNAPSHOTS, snapshot_name, snapshot_text

assert PRODUCERS


@pytest.mark.parametrize("cls", list_contracts(), ids=lambda cls: cls.__name__)
def test_schema_equals_its_snapshot(cls: type[Message]) -> None:
    assert (SNAPSHOTS / snapshot_name(cls)).read_text(encoding="utf-8") == snapshot_text(cls)


def test_no_snapshot_is_left_of_a_message_that_was_removed() -> None:
    assert {snapshot_name(cls) for cls in list_contracts()} == {path.name for path in SNAPSHOTS.iterdir()}


@pytest.mark.parametrize("cls", list_contracts(), ids=lambda cls: cls.__name__)
@settings(max_examples=20)
@given(data=st.data())
def test_schema_accepts_whatever_the_codec_sends(cls: type[Message], data: st.DataObject) -> None:
    sent = orjson.loads(orjson.dumps(plain(data.draw(values(cls)))))
    jsonschema.validate(sent, schema_of(cls), cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("path", sorted(GOLDENS.glob("*.json")), ids=lambda path: path.stem)
def test_a_message_of_every_version_ever_sent_can_still_be_read(path: Path) -> None:
    letter = open_letter(path.read_bytes())
    assert letter.envelope.subject == decode(letter).area


def test_every_message_has_a_golden() -> None:
    assert {snapshot_name(cls) for cls in list_contracts()} <= {path.name for path in GOLDENS.iterdir()}
