"""The register map, against snapshots that were read by eye.

When a change is meant: `urbanops profile doc tests/unit/field/register_map/booster.yaml -o …/booster.md` (and .html).
"""

from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shared.cli import profile
from shared.documents import read_document
from shared.field.profile_doc import as_html, as_markdown, register_map
from shared.field.profile_doc.points import modicon
from shared.field.profile_load import examples, load_profile, resolve

FOLDER = Path("tests/unit/field/register_map")
BOOSTER = FOLDER / "booster.yaml"


@pytest.mark.parametrize("name", ["booster.md", "booster.html"])
def test_the_register_map_is_as_it_was_read(tmp_path: Path, name: str) -> None:
    done = CliRunner().invoke(profile.app, ["doc", str(BOOSTER), "--output", str(tmp_path / name)])
    assert 0 == done.exit_code, done.output
    assert (FOLDER / name).read_text(encoding="utf-8") == (tmp_path / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("digit", "wire", "expected"),
    [(4, 0, "40001"), (4, 9998, "49999"), (4, 9999, "410000"), (0, 40, "00041"), (3, 65535, "365536"), (1, 0, "10001")],
)
def test_modicon_addresses_count_from_one(digit: int, wire: int, expected: str) -> None:
    assert expected == modicon(digit, wire)


@pytest.mark.parametrize("path", sorted(Path("services").glob("*/profiles/*.yaml")), ids=lambda path: path.stem)
def test_every_profile_of_the_house_has_a_register_map_in_both_languages(path: Path) -> None:
    document = read_document(path)
    found = resolve(document, examples(document))
    for text in (as_html(register_map(found)), as_markdown(register_map(found))):
        assert found.title.zh in text
        assert found.title.en in text
        assert [] == [name for name in (*found.points, *found.conditions, *found.commands) if name not in text]


class _Balance(HTMLParser):
    """Notes tags that are not closed in order, and anything that is fetched from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()


def test_the_html_is_whole_and_needs_nothing_else() -> None:
    text = as_html(register_map(load_profile(BOOSTER, {"station_code": 41})))
    reader = _Balance()
    reader.feed(text)
    assert ([], []) == (reader.open, reader.fetched)
    assert "url(" not in text
    assert "check the &lt;valve&gt;" in text
