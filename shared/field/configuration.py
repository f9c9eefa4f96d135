"""What one trade's service works by: loaded as a whole or not at all, and compared with what it worked by before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from shared.errors import Malformed, Refused
from shared.field.address import parse_address
from shared.field.profile import Profile
from shared.field.profile_load import profiles_for
from shared.site import Site, load_site
from shared.site.files import ConfigurationFiles, site_folders

Part = Literal["line", "controller", "profile", "rules"]
"""Of a controller: its line's entry, its own entry or area, its profile, what the trade knows of it."""


def _nothing() -> None: ...


@dataclass(frozen=True, slots=True)
class Configuration:
    """`profiles` and `rules` are by controller; `rules` is the trade's, and compared by equality only."""

    trade: str
    site: Site
    profiles: Mapping[str, Profile]
    rules: Mapping[str, object] = field(default_factory=dict)
    digest: str = ""
    """Of the files it was read from: equal where they are."""
    adopt: Callable[[], None] = _nothing
    """Makes the trade's own part take effect."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The controllers that are there in one configuration only, or stand differently in the two."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: Mapping[str, tuple[Part, ...]]

    @property
    def touched(self) -> frozenset[str]:
        return frozenset((*self.added, *self.removed, *self.changed))


def load_configuration(trade: str, folder: Path, variables: Mapping[str, str] | None = None) -> Configuration:
    """What the files of a site folder say for one trade, without the trade's own rules.

    Raises Malformed and MalformedDocument.
    """
    digest = ConfigurationFiles(*site_folders(folder)).digest()
    site = load_site(folder, variables, keys_of=trade)
    library = profiles_for(trade, folder)
    profiles = {
        entry.id: library.get(entry.profile, entry.parameters)
        for area in site.areas_of(trade)
        for entry in site.controllers_of(trade, area)
    }
    _require_adapters(site, profiles)
    return Configuration(trade, site, profiles, digest=digest)


def _require_adapters(site: Site, profiles: Mapping[str, Profile]) -> None:
    """Raises Malformed for a profile that is not of its line's protocol."""
    for name, profile in profiles.items():
        address = parse_address(site.lines_by_id[site.controllers_by_id[name].line].address)
        adapter = profile.reports.adapter if profile.reports is not None else None
        if adapter != (address.adapter if address.listens else None):
            raise Malformed("controller_line_unfit", controller=name, profile=profile.id, line=str(address))


def difference(before: Configuration, after: Configuration) -> Difference:
    """What a running service has to change. Raises Refused when it is more than a running city can change."""
    require_same_areas(before.site, after.site)
    both = [name for name in after.profiles if name in before.profiles]
    parts = {name: _parts(before, after, name) for name in both}
    return Difference(
        added=tuple(name for name in after.profiles if name not in before.profiles),
        removed=tuple(name for name in before.profiles if name not in after.profiles),
        changed={name: found for name, found in parts.items() if found},
    )


def require_same_areas(before: Site, after: Site) -> None:
    """Scopes, queues and leases hang on the areas and their trades, in every service. Raises Refused."""
    if _areas(before) != _areas(after):
        raise Refused("configuration_areas", before=_areas(before), after=_areas(after))


def _areas(site: Site) -> str:
    trades = sorted({asset.trade for asset in site.assets})
    return ", ".join(f"{area} ({trade})" for trade in trades for area in site.areas_of(trade))


def _parts(before: Configuration, after: Configuration, name: str) -> tuple[Part, ...]:
    old, new = _words(before, name), _words(after, name)
    return tuple(part for part in new if new[part] != old[part])


def _words(configuration: Configuration, name: str) -> dict[Part, object]:
    site = configuration.site
    entry = site.controllers_by_id[name]
    return {
        "line": site.lines_by_id[entry.line],
        "controller": (entry, site.assets_by_id[entry.asset].area),
        "profile": configuration.profiles[name],
        "rules": configuration.rules.get(name),
    }
