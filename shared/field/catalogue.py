"""Everything a site names, with the profile behind it: what is needed to say in words what happened."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from shared.field import texts
from shared.field.profile import Profile
from shared.field.profile_load import ProfileLibrary, profiles_for
from shared.messages import LANGUAGES, templates
from shared.site import Site, load_site


class Catalogue:
    """The profile of every asset, controller and point of one site. Never changes: a changed site is a new one."""

    def __init__(self, site: Site, libraries: Mapping[str, ProfileLibrary]) -> None:
        """Raises Malformed and MalformedDocument for a profile that is not there or wrong."""
        self.site = site
        self.profiles: Mapping[str, Profile] = {
            entry.id: libraries[site.assets_by_id[entry.asset].trade].get(entry.profile, entry.parameters)
            for entry in site.controllers
        }
        self._by_asset: dict[str, list[Profile]] = {asset.id: [] for asset in site.assets}
        self._by_point: dict[tuple[str, str], Profile] = {}
        serving: dict[str, list[Profile]] = {asset.id: [] for asset in site.assets}
        for entry in site.controllers:
            profile = self.profiles[entry.id]
            self._by_asset[entry.asset].append(profile)
            for name in profile.names:
                asset = entry.points.get(name, entry.asset)
                self._by_point[asset, name] = profile
                serving[asset].append(profile)
        for asset, found in serving.items():
            self._by_asset[asset] += _once(found)

    def profile_of(self, asset: str, condition: str = "") -> Profile | None:
        """The profile behind an asset; the one that has the condition when several controllers serve it."""
        found = self._by_asset.get(asset, [])
        return next((profile for profile in found if condition in profile.conditions), found[0] if found else None)

    def profile_of_point(self, asset: str, point: str) -> Profile | None:
        return self._by_point.get((asset, point))

    def points(self) -> Iterator[tuple[str, str, Profile]]:
        """Asset, name and profile of every point."""
        return ((asset, name, profile) for (asset, name), profile in self._by_point.items())

    def digest(self) -> str:
        """Equal where everything is called the same: names, titles and sentences."""
        found = hashlib.sha256()
        for word in self._words():
            found.update(f"{word}\0".encode())
        return found.hexdigest()[:12]

    def _words(self) -> Iterator[str]:
        for area in self.site.areas:
            yield from (area.id, *area.name.text().values())
        for asset in self.site.assets:
            yield from (asset.id, *asset.name.text().values())
        for language in LANGUAGES:
            for code, template in templates(language).items():
                yield from (code, template)
        for profile in _once(list(self.profiles.values())):
            titles = [texts.condition_title(profile, code) for code in profile.conditions]
            titles += [texts.command_title(profile, name) for name in profile.commands]
            titles += [texts.point_title(profile, name) for name in profile.names]
            yield profile.id
            for title in titles:
                yield from title.values()


def load_catalogue(site: Path, variables: Mapping[str, str]) -> Catalogue:
    """Raises Malformed and MalformedDocument."""
    return Catalogue(*load_libraries(site, variables))


def load_libraries(folder: Path, variables: Mapping[str, str]) -> tuple[Site, dict[str, ProfileLibrary]]:
    """The site in a folder, and the profiles of its trades, by trade. Raises Malformed and MalformedDocument."""
    site = load_site(folder, variables)
    return site, {trade: profiles_for(trade, folder) for trade in {asset.trade for asset in site.assets}}


def _once(profiles: list[Profile]) -> list[Profile]:
    """Each profile once, in order; profiles are many numbers, so that their identity is compared."""
    return list({id(profile): profile for profile in profiles}.values())
