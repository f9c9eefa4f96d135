"""Settings of the supervisor: those of every process, and what only the person who starts the city chooses."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from shared.settings import CommonSettings


class LocalSettings(CommonSettings):
    amqp_uri: str = Field(default="", description="a running broker; without it, a private RabbitMQ node is started")
    port: int | None = Field(default=None, ge=1, le=65535, description="of the gateway; without it, a free one")
    http_host: str = "127.0.0.1"
    ready_s_max: float = Field(default=120.0, gt=0, description="how long the city may need to answer /readyz with 200")

    @property
    def logs(self) -> Path:
        return self.data_dir / "logs"
