"""The entrypoints of our services: each runs one method of the service class in a worker of nameko, and waits for it.

nameko's own entrypoints need the broker to start and lose a message whose handler fails; ours take their messages from
shared/bus/consumer, which needs no nameko at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from eventlet.event import Event as Signal
from nameko.containers import ServiceContainer
from nameko.extensions import DependencyProvider, Entrypoint

from shared.bus.entrypoints import App, Entrypoints
from shared.contracts.message import Command, Event, Message
from shared.errors import PlatformError

APP_KEY = "app"
Method = TypeVar("Method", bound=Callable[..., Any])


class Wired(DependencyProvider):  # type: ignore[misc]
    """Gives each worker what the service's wiring built."""

    def get_dependency(self, worker_ctx: Any) -> App:  # noqa: ARG002
        app: App = self.container.config[APP_KEY]
        return app


class Worked(Entrypoint):  # type: ignore[misc]
    """Runs its method in a worker."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(expected_exceptions=PlatformError, **kwargs)

    def deliver(self, *args: Any, **kwargs: Any) -> Any:
        """The method's value; raises what it raised."""
        done = Signal()

        def handle_result(_context: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
            done.send((result, exc_info))
            return result, exc_info

        self.container.spawn_worker(self, args, kwargs, handle_result=handle_result)
        result, exc_info = done.wait()
        if exc_info is not None:
            raise exc_info[1]
        return result


class Hears(Worked):
    """`@hears(ConditionRaised)`: def on_condition_raised(self, event, envelope)."""

    def __init__(self, *events: type[Event]) -> None:
        self.events = events
        super().__init__()


class Does(Worked):
    """`@does(Operate)`: def do_operate(self, command, envelope)."""

    def __init__(self, *commands: type[Command]) -> None:
        self.commands = commands
        super().__init__()


class Rpc(Worked):
    """`@rpc`: def list_alarms(self, ...), a query by nameko's protocol."""


class Scanned(Worked):
    """`@scanned`: def on_scan(self, ...), what the field engine delivers."""


def hears(*events: type[Event]) -> Callable[[Method], Method]:
    return cast("Callable[[Method], Method]", Hears.decorator(*events))


def does(*commands: type[Command]) -> Callable[[Method], Method]:
    return cast("Callable[[Method], Method]", Does.decorator(*commands))


def rpc(method: Method) -> Method:
    return cast("Method", Rpc.decorator(method))


def scanned(method: Method) -> Method:
    return cast("Method", Scanned.decorator(method))


def entrypoints_of(container: ServiceContainer) -> Entrypoints:
    """The table of a container that was set up."""
    hearing: dict[type[Message], Any] = {}
    doing: dict[type[Message], Any] = {}
    answering: dict[str, Any] = {}
    scanning = None
    for entrypoint in container.entrypoints:
        match entrypoint:
            case Hears():
                hearing |= dict.fromkeys(entrypoint.events, entrypoint.deliver)
            case Does():
                doing |= dict.fromkeys(entrypoint.commands, entrypoint.deliver)
            case Rpc():
                answering[entrypoint.method_name] = entrypoint.deliver
            case Scanned():
                assert scanning is None, "one method decides about scans"
                scanning = entrypoint.deliver
    return Entrypoints(hears=hearing, does=doing, answers=answering, scanned=scanning)
