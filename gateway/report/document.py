"""A report as one document that needs nothing else: its words in one language, its drawings inside, ready to print."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.api.shapes import Words
from gateway.storage import Language

FOLDER = Path(__file__).parent


def render(template: str, language: Language, time_zone: str, **given: Any) -> str:
    """The HTML of a report. Whatever `given` says is escaped, but for what is marked as drawn here."""
    zone = ZoneInfo(time_zone)
    environment = _environment()
    spoken = words(language)

    def say(name: str, /, **params: Any) -> str:
        return spoken[name].format(**params)

    def named(text: Words) -> str:
        return text.zh if language == "zh" else text.en

    def clock(at: datetime | None) -> str:
        return "–" if at is None else at.astimezone(zone).strftime("%m-%d %H:%M:%S")

    def full(at: datetime) -> str:
        return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")

    helpers = {"say": say, "named": named, "clock": clock, "full": full, "span": span, "number": number}
    html_language = "zh-CN" if language == "zh" else "en"
    return environment.get_template(template).render(**helpers, **given, html_language=html_language)


@cache
def words(language: Language) -> Mapping[str, str]:
    """The words of the reports, by name."""
    loaded: dict[str, dict[str, str]] = yaml.safe_load((FOLDER / "words.yaml").read_text(encoding="utf-8"))
    return {name: each[language] for name, each in loaded.items()}


def span(seconds: float | None) -> str:
    """3:02:11; a dash when nothing is known."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"


def number(value: float | None, digits: int = 1) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


@cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined)
