"""`python -m gateway.openapi`: writes the snapshot of the HTTP surface from which the browser's types are generated."""

from __future__ import annotations

import json
from pathlib import Path

from gateway.app import create_surface

SNAPSHOT = Path(__file__).parent / "web" / "openapi.json"


def openapi_text() -> str:
    """The OpenAPI document, in a form whose differences are easy to read."""
    return json.dumps(create_surface().openapi(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    SNAPSHOT.write_text(openapi_text(), encoding="utf-8")
