"""`python -m gateway`: serves HTTP until it is told to stop."""

from __future__ import annotations

import sys
from typing import Any

import uvicorn

from gateway.app import create_app
from gateway.settings import Settings
from gateway.wiring import Gateway
from shared.errors import PlatformError
from shared.logs import set_up_logs


def server_options(settings: Settings) -> dict[str, Any]:
    return {
        "host": settings.http_host,
        "port": settings.http_port,
        "log_config": None,
        "access_log": False,
        "timeout_graceful_shutdown": 2,
        "proxy_headers": settings.https,
        "forwarded_allow_ips": settings.trusted_proxies,
    }


def main() -> None:
    settings = Settings.read()
    set_up_logs("gateway", settings.log_level)
    try:
        gateway = Gateway(settings)
    except PlatformError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from None
    uvicorn.run(create_app(gateway), **server_options(settings))


if __name__ == "__main__":
    main()
