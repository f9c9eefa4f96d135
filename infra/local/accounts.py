"""The demonstration's accounts: one a role, with random passwords made at the first run and kept in one file."""

from __future__ import annotations

import secrets
from pathlib import Path

from infra.local.processes import write_secret

ACCOUNTS = ("dispatcher", "crew", "engineer", "admin")
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that are mistaken for another."""


def make_accounts(path: Path) -> dict[str, str]:
    """Account -> password from the file, which is made when it is not there. One `account password` a line."""
    if not path.exists():
        write_secret(path, "".join(f"{account} {_password()}\n" for account in ACCOUNTS))
    return dict(line.split(maxsplit=1) for line in path.read_text(encoding="utf-8").splitlines() if line)


def _password() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(3))
