"""Notices changed configuration files and reads them: what they say takes effect whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from shared.bus.health import Check
from shared.contracts.field import ConfigurationChanged, ConfigurationRefused, ControllerChange
from shared.errors import PlatformError
from shared.field.configuration import Configuration, Difference, difference
from shared.site.files import ChangedFile, ConfigurationFiles

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Reload:
    """What is to take effect, and the event that says so."""

    after: Configuration
    difference: Difference
    event: ConfigurationChanged


class Reloader:
    """One service's configuration: that which is in effect, and what came of the last attempt to change it."""

    def __init__(self, instance: str, load: Callable[[], Configuration], files: ConfigurationFiles) -> None:
        """Raises what `load` raises: without a sound configuration nothing starts."""
        self._instance = instance
        self._load = load
        self._files = files
        self.current = load()
        self._refusal: str | None = None

    def look(self) -> Reload | ConfigurationRefused | None:
        """Read what changed, once it stands still. `current` is the caller's to set when a reload has taken effect."""
        changed = self._files.settled()
        if not changed:
            return None
        before = self.current
        try:
            after = self._load()
            found = difference(before, after)
        except (PlatformError, OSError) as error:
            return self._refuse(str(error), changed)
        except Exception as error:  # a defect that these files have found: they are refused all the same
            _log.exception("configuration_not_read")
            return self._refuse(f"{type(error).__name__}: {error}", changed)
        self._refusal = None
        event = ConfigurationChanged(
            area=after.site.city,
            trade=after.trade,
            instance=self._instance,
            digest=after.digest,
            previous=before.digest,
            files=tuple(each.name for each in changed),
            by=_accounts(changed),
            controllers=tuple(sorted(found.touched)),
            changes=(
                *(ControllerChange(controller=name, parts=("added",)) for name in found.added),
                *(ControllerChange(controller=name, parts=("removed",)) for name in found.removed),
                *(ControllerChange(controller=name, parts=parts) for name, parts in found.changed.items()),
            ),
        )
        return Reload(after, found, event)

    def check(self) -> Check:
        """For the health page: not ok while the files say something that was refused."""
        if self._refusal is not None:
            return Check(ok=False, code="configuration_refused", params={"detail": self._refusal})
        return Check(ok=True, code="configuration_in_effect", params={"digest": self.current.digest})

    def _refuse(self, detail: str, changed: list[ChangedFile]) -> ConfigurationRefused:
        _log.warning("configuration_refused", error=detail)
        self._refusal = detail
        return ConfigurationRefused(
            area=self.current.site.city,
            trade=self.current.trade,
            instance=self._instance,
            digest=self.current.digest,
            files=tuple(each.name for each in changed),
            by=_accounts(changed),
            detail=detail,
        )


def _accounts(changed: list[ChangedFile]) -> tuple[str, ...]:
    return tuple(sorted({each.owner for each in changed if each.owner}))
