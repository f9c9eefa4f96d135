"""The adapters that are installed, by the names of their entry points."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from shared.errors import Malformed

if TYPE_CHECKING:
    from shared.field.adapters.port import Adapter, PushingAdapter

GROUP = "urbanops.adapters"


@cache
def adapter_names() -> tuple[str, ...]:
    return tuple(sorted(entry.name for entry in entry_points(group=GROUP)))


@cache
def load_adapter(name: str) -> Adapter:
    """Raises Malformed for a name that no installed package offers."""
    for entry in entry_points(group=GROUP, name=name):
        adapter: Adapter = entry.load()
        return adapter
    raise Malformed("adapter_unknown", adapter=name, known=", ".join(adapter_names()))


def pushing_adapter(name: str) -> PushingAdapter:
    """Raises Malformed, also for one by which devices are asked."""
    adapter = load_adapter(name)
    if adapter.kind != "pushing":
        raise Malformed("adapter_not_pushing", adapter=name)
    return adapter
