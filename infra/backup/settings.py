"""Where the platform that is saved or restored lives: the same settings as those of its processes."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from infra.local.city import ROOT
from shared.settings import CommonSettings


class BackupSettings(CommonSettings):
    amqp_uri: str = ""
    secrets_dir: Path = Field(
        default=ROOT / "infra" / "docker" / "secrets", description="certificates and passwords, saved when it is there"
    )
