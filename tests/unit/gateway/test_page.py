"""The built page and its own addresses."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from gateway.app import _serve_page


@pytest.mark.parametrize("path", ["/station/xinhua", "/%00", f"/{300 * 'a'}", "/..%2fsecret", "/%2e%2e/secret"])
def test_what_is_no_file_of_the_page_is_the_page(tmp_path: Path, path: str) -> None:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("the page")
    (tmp_path / "secret").write_text("secret")
    app = FastAPI()
    _serve_page(app, folder)

    async def get() -> str:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://city") as client:
            return (await client.get(path)).text

    assert "the page" == asyncio.run(get())
