"""What every message on the bus is: a frozen dataclass with a name, a version and an area."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeVar

Text = dict[Literal["zh", "en"], str]
"""One sentence or name in both languages of the screens."""

Scalar = bool | int | float | str | None
Params = dict[str, Scalar]
"""Parameters of a sentence in shared/messages, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A fact or a wish that concerns one area; `area` is the path `city/district/area` (or just `city`)."""

    version: ClassVar[int] = 1
    area: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event(Message):
    """A fact in the past tense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Message):
    """A wish, imperative. `deadline` in the envelope is the moment after which nobody may act on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded(Message):
    """What reached one instance of a service and belongs to another: on its way to the area's owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A right: this verb, in this trade ('*' = all), in this area and everything below it ('*' = all)."""

    trade: str
    area: str
    verb: Literal["view", "acknowledge", "operate", "configure", "administer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who wished it. The owner checks `scopes` again; it never trusts that somebody else did."""

    username: str
    role: Literal["dispatcher", "crew", "engineer", "admin", "system"]
    scopes: tuple[Scope, ...]

    def may(self, verb: str, trade: str | None, area: str) -> bool:
        """True when one of the scopes covers this verb on this trade (None: on any) and area."""
        return any(
            scope.verb == verb and (trade is None or scope.trade in {"*", trade}) and _covers(scope.area, area)
            for scope in self.scopes
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why something ended as it did: a code of shared/messages and the parameters of its sentence."""

    code: str
    params: Params


MessageType = TypeVar("MessageType", bound=Message)

_registry: dict[tuple[str, int], type[Message]] = {}


def contract(cls: type[MessageType]) -> type[MessageType]:
    """Register a message so that the codec can find it by name and version."""
    key = (message_name(cls), cls.version)
    assert key not in _registry, f"{key} is registered twice"
    _registry[key] = cls
    return cls


def message_name(cls: type[Message]) -> str:
    """`ConditionRaised` -> `condition_raised`; a class of a later version drops its `V2` suffix."""
    name = re.sub(r"V\d+$", "", cls.__name__)
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def find_contract(name: str, version: int) -> type[Message] | None:
    """The class of a message, or None when this build does not know it."""
    return _registry.get((name, version))


def list_contracts() -> list[type[Message]]:
    """Every registered message, sorted by name and version."""
    return [_registry[key] for key in sorted(_registry)]


def _covers(granted: str, area: str) -> bool:
    return granted in {"*", area} or area.startswith(granted + "/")
