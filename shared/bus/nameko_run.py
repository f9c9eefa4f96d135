"""`python -m shared.bus.nameko_run flood`: eventlet patches first, everything else is imported after it."""

from __future__ import annotations

import sys
import warnings

# Why eventlet all the same, and the way out of it, stand in docs/decisions.
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated", category=Warning)

import eventlet  # noqa: E402


def run(service: str) -> None:
    """Run a service in this process, which must not have imported anything that uses threads or sockets."""
    eventlet.monkey_patch()
    from shared.bus.nameko_host import host  # noqa: PLC0415 - patched first

    host(service)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m shared.bus.nameko_run <service>")
    run(sys.argv[1])
