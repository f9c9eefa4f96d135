"""Every code has its sentence, in both languages, with the same parameters."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import yaml

from shared.contracts.codec import PRODUCERS
from shared.contracts.message import Event, list_contracts, message_name
from shared.messages import LANGUAGES, sentence, templates

ERRORS = {"Refused", "Forbidden", "Missing", "Unavailable", "Malformed", "Unauthorized", "TooMany", "_refused"}
SOURCES = [path for folder in ("services", "shared", "gateway") for path in sorted(Path(folder).rglob("*.py"))]


def _codes() -> Iterator[tuple[str, Path]]:
    """The codes with which errors, refusals and reasons are made anywhere in the code."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = ast.unparse(node.func).rpartition(".")[2]
            if name in ERRORS and node.args and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value), path
            for keyword in node.keywords:
                if name in ("Reason", "Check") and keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                    yield str(keyword.value.value), path


def test_every_code_in_the_source_has_its_sentence() -> None:
    assert PRODUCERS
    missing = {f"{code} ({path})" for code, path in _codes() if code not in templates("en")}
    assert set() == missing


def test_every_event_has_its_sentence() -> None:
    events = [message_name(cls) for cls in list_contracts() if issubclass(cls, Event)]
    assert [] == [name for name in events if f"event.{name}" not in templates("zh")]


def test_the_languages_have_the_same_codes_and_parameters() -> None:
    zh, en = templates("zh"), templates("en")
    assert set(zh) == set(en)
    for code in zh:
        assert _params(zh[code]) == _params(en[code]), code


def test_each_code_is_there_once() -> None:
    for language in LANGUAGES:
        text = (Path("shared/messages") / f"{language}.yaml").read_text(encoding="utf-8")
        node = yaml.compose(text)
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys))


def test_a_code_without_a_sentence_is_shown_as_itself() -> None:
    assert {"zh": "odd (a=1)", "en": "odd (a=1)"} == sentence("odd", {"a": 1})


def _params(template: str) -> set[str]:
    names = {name for _, name, _, _ in string.Formatter().parse(template) if name}
    return {name.replace("_zh", "").replace("_en", "") for name in names} - {"zh", "en"}
