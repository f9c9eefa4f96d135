"""Titles and sentences: a profile's own where it has one, those of shared/messages else."""

from __future__ import annotations

from collections.abc import Mapping

from shared.contracts.message import Params, Scalar, Text
from shared.field.profile import Profile
from shared.messages import LANGUAGES, sentence, templates


def condition_title(profile: Profile | None, condition: str) -> Text:
    """What a condition is called; the part behind ':' tells several of a kind apart and is not shown."""
    found = profile.conditions.get(condition) if profile else None
    return found.title.text() if found else _kind_sentence("condition", condition)


def condition_action(profile: Profile | None, condition: str) -> Text:
    """What to do about it."""
    found = profile.conditions.get(condition) if profile else None
    return found.action.text() if found else _kind_sentence("action", condition)


def condition_text(profile: Profile | None, condition: str, params: Params) -> Text:
    """The evidence: the values that made it true, beside their limits."""
    code = f"evidence.{_kind(condition)}"
    if code in templates("en"):
        return sentence(code, {**params, **_numbered(condition)})
    shown = [_value(profile, name, value) for name, value in params.items() if "." not in name]
    limits = [_limit(profile, name, value) for name, value in params.items() if "." in name]
    return {language: " ".join(part[language] for part in [*shown, *limits]) for language in LANGUAGES}


def command_title(profile: Profile | None, command: str) -> Text:
    found = profile.commands.get(command) if profile else None
    return found.title.text() if found else {"zh": command, "en": command}


def point_title(profile: Profile, point: str) -> Text:
    shown = profile.shown(point)
    return shown.title.text() if shown and shown.title else {"zh": point, "en": point}


def _value(profile: Profile | None, point: str, value: Scalar) -> Text:
    shown = profile.shown(point) if profile else None
    title = point_title(profile, point) if profile and shown else {"zh": point, "en": point}
    if shown and shown.labels and value is not None and not isinstance(value, str):
        label = shown.labels.get(int(value))
        if label:
            return {language: f"{title[language]} {label.text()[language]}" for language in LANGUAGES}
    number = "?" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    unit = f" {shown.unit}" if shown and shown.unit else ""
    return {language: f"{title[language]} {number}{unit}" for language in LANGUAGES}


def _limit(profile: Profile | None, name: str, value: Scalar) -> Text:
    point = name.partition(".")[0]
    shown = profile.shown(point) if profile else None
    unit = f" {shown.unit}" if shown and shown.unit else ""
    number = f"{value:g}" if isinstance(value, int | float) else str(value)
    return {"zh": f"（限值 {number}{unit}）", "en": f"(limit {number}{unit})"}


def _kind_sentence(family: str, condition: str) -> Text:
    return sentence(f"{family}.{_kind(condition)}", _numbered(condition))


def _kind(condition: str) -> str:
    """`offline:xinhua-rtu` -> `offline`, `pump2_did_not_start` -> `pump_did_not_start`."""
    return "".join(char for char in condition.partition(":")[0] if not char.isdigit())


def _numbered(condition: str) -> Mapping[str, Scalar]:
    digits = "".join(char for char in condition.partition(":")[0] if char.isdigit())
    return {"n": digits} if digits else {}
