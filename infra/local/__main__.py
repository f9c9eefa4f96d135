"""`python -m infra.local`: the whole city on this machine, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from urllib.parse import urlsplit

from pydantic import ValidationError

from infra.local.accounts import make_accounts
from infra.local.city import check_site, choose_http_port, parts, services
from infra.local.processes import CannotRun
from infra.local.rabbitmq import PrivateBroker
from infra.local.settings import LocalSettings
from infra.local.supervisor import Supervisor, hold_lock
from shared.bus.connection import Link
from shared.errors import Unavailable


class Stopped(BaseException):
    """Ctrl-C or SIGTERM: unwinds whatever is going on, as KeyboardInterrupt does."""


def run(settings: LocalSettings) -> None:
    """Raises CannotRun, or Stopped when it is told to end; in both cases nothing is left running."""
    site = check_site(settings)
    http_port = choose_http_port(settings)
    with hold_lock(settings.data_dir):
        accounts = make_accounts(settings.data_dir / "accounts")
        broker = _broker(settings)
        supervisor = Supervisor(
            parts(settings, site, http_port, lambda name: broker.uri_for(name) if broker else settings.amqp_uri),
            broker,
            settings.logs.resolve(),
            say,
        )
        try:
            if broker is not None:
                say("starting a private RabbitMQ node")
                broker.start()
            say(f"starting {site.title.en}")
            supervisor.start()
            url = f"http://{settings.http_host}:{http_port}"
            supervisor.wait_until_ready(url, settings.ready_s_max)
            sys.stdout.write(f"\n{url}\n")
            sys.stdout.writelines(f"{account} {password}\n" for account, password in accounts.items())
            sys.stdout.write(f"\nLogs are in {settings.logs}. Ctrl-C stops the city.\n")
            sys.stdout.flush()
            supervisor.keep()
        finally:
            _ignore_signals()
            supervisor.stop()


def _broker(settings: LocalSettings) -> PrivateBroker | None:
    """A private node, unless a broker is named, which must answer. Raises CannotRun."""
    if not settings.amqp_uri:
        return PrivateBroker(settings.data_dir / "rabbitmq", services=[*services(), "gateway"])
    link = Link(settings.amqp_uri, "start")
    try:
        link.channel()
    except (Unavailable, ValueError, KeyError) as error:
        raise CannotRun(f"AMQP_URI names no broker that lets us in ({_shown(settings.amqp_uri)}): {error}") from None
    finally:
        link.close()
    return None


def _shown(uri: str) -> str:
    """The address without its password."""
    parts_ = urlsplit(uri)
    return f"{parts_.scheme}://{parts_.netloc.rpartition('@')[2]}{parts_.path}"


def say(text: str) -> None:
    sys.stderr.write(f"urbanops: {text}\n")
    sys.stderr.flush()


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        run(LocalSettings.read())
    except Stopped:
        say("stopped")
        return 0
    except CannotRun as error:
        say(str(error))
        return 1
    except ValidationError as error:
        for mistake in error.errors():
            say(f"{'.'.join(map(str, mistake['loc'])).upper()}: {mistake['msg']}")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
