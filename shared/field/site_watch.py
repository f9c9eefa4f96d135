"""Takes changed site files over into a process that owns no controllers: who shows the city, who keeps its journal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import structlog

from shared.bus.health import Check
from shared.errors import PlatformError
from shared.field.configuration import require_same_areas
from shared.field.profile_load import ProfileLibrary
from shared.site import Site
from shared.site.files import ConfigurationFiles

LOOK_EVERY_S = 0.5

_log = structlog.get_logger()

Loaded = tuple[Site, Mapping[str, ProfileLibrary]]


class SiteWatch:
    """One thread that looks at the files."""

    def __init__(
        self,
        files: ConfigurationFiles,
        load: Callable[[], Loaded],
        current: Callable[[], Site],
        adopt: Callable[[Site, Mapping[str, ProfileLibrary]], None],
    ) -> None:
        """`adopt` takes what was loaded into use, whole or (raising PlatformError) not at all."""
        self._files, self._load, self._current, self._adopt = files, load, current, adopt
        self._refused: str | None = None
        self.digest = files.digest()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="site files", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, within_s: float = 3.0) -> None:
        self._stopping.set()
        self._thread.join(within_s)

    def check(self) -> Check:
        """For the health page."""
        if self._refused is not None:
            return Check(ok=False, code="configuration_refused", params={"detail": self._refused})
        return Check(ok=True, code="configuration_in_effect", params={"digest": self.digest})

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            try:
                if self._files.settled():
                    self._take_over()
            except (PlatformError, OSError) as error:  # the owners say so in the journal; we go on as we were
                _log.warning("configuration_refused", error=str(error))
                self._refused = str(error)
            except Exception as error:
                _log.exception("defect while site files were taken over")
                self._refused = str(error)

    def _take_over(self) -> None:
        digest = self._files.digest()
        site, profiles = self._load()
        require_same_areas(self._current(), site)
        self._adopt(site, profiles)
        self.digest, self._refused = digest, None
        _log.info("configuration_changed", digest=digest)
