"""The guide from a register table to a live device does what it says, followed to the letter."""

from __future__ import annotations

from pathlib import Path

from infra.local.processes import free_ports
from tests.integration.guides.lesson import Follower, answers, blocks

GUIDE = Path("docs/guides/fifteen-minutes.md")


def test_the_guide_leads_from_a_table_to_a_live_device(tmp_path: Path) -> None:
    reader = Follower(tmp_path)
    try:
        for block in blocks(GUIDE, {"127.0.0.1:1502": f"127.0.0.1:{free_ports(1)[0]}"}):
            reader.follow(block)
        assert reader.second is not None
        assert 0 == reader.second.wait(10)
    finally:
        reader.close()
    assert "creek-station" in (tmp_path / "creek-station.html").read_text(encoding="utf-8")


def test_what_the_guide_says_is_compared_line_by_line() -> None:
    assert answers("a  b\n…\nz … s\n", "a b\n\nx\ny\nz 3.2 s\n")
    assert answers("…\nb\n", "b\n")
    assert not answers("a\nz\n", "a\nb\nz\n")
    assert not answers("a\n", "a b\n")
