"""What can be set for the gateway."""

from __future__ import annotations

from pathlib import Path

from shared.settings import CommonSettings


class Settings(CommonSettings):
    """Durations are wall time: they concern people and browsers."""

    http_host: str = "127.0.0.1"
    http_port: int = 8000
    https: bool = False
    """True behind a proxy that speaks HTTPS to browsers: cookies are then sent over HTTPS only."""
    trusted_proxies: str = "127.0.0.1"
    """By commas, addresses or networks of the proxies whose word on a browser's address is taken, with `https`.
    Sign-ins are throttled and audited by that address."""
    accounts_file: Path | None = None
    """Lines `account password`: accounts to create at the first start, the role being the account's name."""
    web_folder: Path = Path(__file__).parent / "web" / "dist"
    session_hours_max: float = 12.0
    sign_in_failures_max: int = 5
    """So many failed sign-ins of one account within the window, or four times as many from one address, then none
    until the window has passed."""
    sign_in_window_s: float = 300.0
    answer_wait_s: float = 2.0
    """How long an acknowledgement waits for the event it causes, before it answers 202."""
    clients_max: int = 500
    client_backlog_max: int = 500
    """Messages a browser may lag behind; then it is dropped and takes a fresh snapshot."""
    stream_check_every_s: float = 30.0
    """So often an open stream is asked whether its account is still signed in with the same rights."""
    ring_max: int = 2000
