"""The sentence behind every error and event code, in both languages of the screens.

Each entry is a `str.format` template over the code's parameters. A code without a sentence is shown as itself with its
parameters, so that nothing is hidden; a test keeps the two files complete and equal in their parameters.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shared.contracts.message import Scalar, Text

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, Language] = ("zh", "en")


def sentence(code: str, params: Mapping[str, Scalar]) -> Text:
    """The sentence of a code with its parameters filled in."""
    return {language: _fill(templates(language).get(code), code, params) for language in LANGUAGES}


def sentence_or_none(code: str, params: Mapping[str, Scalar]) -> Text | None:
    """None for a code that has no sentence."""
    return sentence(code, params) if code in templates("zh") else None


@cache
def templates(language: Language) -> dict[str, str]:
    """Every template of one language, by code."""
    text = (Path(__file__).parent / f"{language}.yaml").read_text(encoding="utf-8")
    loaded: dict[str, str] = yaml.safe_load(text)
    return loaded


def _fill(template: str | None, code: str, params: Mapping[str, Scalar]) -> str:
    if template is None:
        listed = ", ".join(f"{name}={value}" for name, value in params.items())
        return f"{code} ({listed})" if listed else code
    return template.format_map(_Shown(params))


class _Shown(dict[str, "Scalar"]):
    """A parameter nobody gave is shown by its name: a sentence is never lost to a missing detail."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"
