"""The sentence of an event, in both languages: what the journal shows, and what it is searched for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from shared.contracts.message import Params, Scalar, Text
from shared.field import texts
from shared.field.catalogue import Catalogue
from shared.messages import LANGUAGES, sentence

GAP = "telemetry_gap"
CAUSES = {GAP: "gap", "override_ended": "override"}
"""Events whose cause has a sentence of its own, and what its code begins with."""
MOMENTS = {GAP: ("%m-%d %H:%M:%S", "from_time", "to_time"), "journal_trimmed": ("%Y-%m-%d %H:%M", "until")}
"""Parameters that are moments, and how they are told, in the city's own time."""
LOGBOOK = "logbook_entry_written"
_REMARKS = ("text", "reason", "comment", "remark", "expected", "detail", "entry_id", "corrects")
"""What people wrote, or what a program says in its own words: searched for though no sentence shows it."""


def narrate(catalogue: Catalogue, event: str, asset: str | None, actor: str | None, data: Mapping[str, Any]) -> Text:
    """What the journal says of an event. What is missing in `data` is shown by its name, never an error."""
    condition, asset = _about(asset, data)
    params: Params = {
        name: _listed(value) for name, value in data.items() if isinstance(value, str | int | float | bool | list)
    }
    known = catalogue.site.assets_by_id.get(asset)
    if condition:
        params |= _titled(texts.condition_title(catalogue.profile_of(asset, condition) if known else None, condition))
    if isinstance(data.get("command"), str) and known:
        params |= _titled(texts.command_title(catalogue.profile_of(asset), data["command"]))
    if event in CAUSES:
        cause = sentence(f"{CAUSES[event]}.{data.get('cause')}", {})
        params |= {"cause_zh": cause["zh"], "cause_en": cause["en"]}
    shape, *moments = MOMENTS.get(event, ("",))
    params |= {name: _clock(catalogue, data.get(name), shape) for name in moments}
    point = data.get("point")
    profile = catalogue.profile_of_point(asset, point) if isinstance(point, str) else None
    if profile is not None:
        title = texts.point_title(profile, str(point))
        params |= {"point_zh": title["zh"], "point_en": title["en"]}
    name_of = known.name.text() if known else {"zh": asset, "en": asset}
    params |= {"asset_zh": name_of["zh"], "asset_en": name_of["en"], "actor": actor or ""}
    return sentence(f"event.{event}", params)


def searched(
    catalogue: Catalogue, event: str, area: str, asset: str | None, actor: str | None, data: Mapping[str, Any]
) -> str:
    """Everything an entry of the journal is found by: its sentences, the names of where it was, who did it, and why."""
    said = narrate(catalogue, event, asset, actor, {**data, "text": ""} if event == LOGBOOK else data)
    parts = [said[language] for language in LANGUAGES]
    place = next((each for each in catalogue.site.areas if each.id == area), None)
    known = catalogue.site.assets_by_id.get(asset or "")
    for named in (known, place):
        if named is not None:
            parts += named.name.text().values()
    parts += [asset or "", actor or ""]
    reason = data.get("reason")
    if isinstance(reason, dict) and isinstance(reason.get("code"), str) and isinstance(reason.get("params"), dict):
        parts += sentence(reason["code"], reason["params"]).values()
    if event == LOGBOOK and data.get("corrects"):
        parts += sentence("logbook_correction", {}).values()
    parts += [value for name in _REMARKS if isinstance(value := data.get(name), str)]
    return "\n".join(dict.fromkeys(part for part in parts if part))


def _about(asset: str | None, data: Mapping[str, Any]) -> tuple[str, str]:
    """Condition and asset, of the alarm where the event tells of one."""
    alarm = data.get("alarm")
    condition = data.get("condition")
    if isinstance(alarm, dict):
        condition, asset = alarm.get("condition"), alarm.get("asset")
    return (condition if isinstance(condition, str) else ""), (asset if isinstance(asset, str) else "")


def _titled(title: Text) -> Params:
    return {"title_zh": title["zh"], "title_en": title["en"]}


def _clock(catalogue: Catalogue, time: object, shape: str) -> str:
    """A moment in the city's own time."""
    try:
        moment = datetime.fromisoformat(str(time))
    except ValueError:
        return "?"
    return moment.astimezone(ZoneInfo(catalogue.site.time_zone)).strftime(shape)


def _listed(value: Scalar | list[Any]) -> Scalar:
    """What a sentence can carry: of a list, the texts in it; of nothing, a question mark."""
    if value is None:
        return "?"
    return ", ".join(each for each in value if isinstance(each, str)) or "-" if isinstance(value, list) else value
