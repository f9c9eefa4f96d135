"""One service in one process: its wiring, its nameko container, and an orderly end."""

from __future__ import annotations

import gc
import logging
import signal
import sys
from importlib import import_module
from typing import Any, NoReturn

import eventlet
import structlog
from nameko.containers import ServiceContainer
from pydantic import ValidationError

from shared.bus.entrypoints import App
from shared.bus.nameko_database import TpoolThread
from shared.bus.nameko_entrypoints import APP_KEY, entrypoints_of
from shared.errors import PlatformError
from shared.logs import set_up_logs

WORKERS_MAX = 64
STOP_S_MAX = 4.0
LOOK_EVERY_S = 0.1
GARBAGE_THRESHOLDS = (20_000, 50, 100)
"""An owner keeps a million objects for ever and makes few that refer to each other: the default looks at all of them
every few seconds, for nothing."""

log = structlog.get_logger()


def host(service: str) -> None:
    """Run until SIGTERM or SIGINT. `services.<service>` has settings.Settings, wiring.build and service.Service."""
    settings = _settings(service)
    set_up_logs(service, settings.log_level)
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    logging.getLogger("nameko").setLevel(logging.CRITICAL)  # whatever a worker raises is logged where it is handled
    stop_signal: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: stop_signal.append(number))
    try:
        app: App = import_module(f"services.{service}.wiring").build(settings, TpoolThread)
    except PlatformError as error:
        _give_up(str(error))
    container = ServiceContainer(
        import_module(f"services.{service}.service").Service,
        config={APP_KEY: app, "max_workers": WORKERS_MAX},
    )
    container.start()
    app.start(entrypoints_of(container))
    log.info("service started", restarts=settings.restarts)
    while not stop_signal:
        eventlet.sleep(LOOK_EVERY_S)
    _stop(app, container)
    log.info("service stopped")


def _stop(app: App, container: ServiceContainer) -> None:
    limit = eventlet.Timeout(STOP_S_MAX)
    try:
        app.stop()
        container.stop()
    except eventlet.Timeout:
        log.warning("service did not stop in time", limit_s=STOP_S_MAX)
        container.kill()
    finally:
        limit.cancel()


def _settings(service: str) -> Any:
    try:
        return import_module(f"services.{service}.settings").Settings.read()
    except ValidationError as error:
        named = "; ".join(f"{'.'.join(map(str, each['loc'])).upper()}: {each['msg']}" for each in error.errors())
        _give_up(f"The settings of {service} are wrong: {named}.")


def _give_up(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    raise SystemExit(2)
