"""Every golden case: the raw blocks of a device must still become the readings that were checked.

A case is recorded by `urbanops profile capture`; its values come from the device, never from our own codec.
"""

from pathlib import Path

import pytest

from shared.documents import read_document
from shared.field.golden import differences, load_golden
from shared.field.profile_load import examples, load_profile, resolve

FOLDER = Path(__file__).parent
PROFILES = {path.stem: path for path in sorted(Path("services").glob("*/profiles/*.yaml"))}
ASKED = [name for name, path in PROFILES.items() if "\nmodbus:" in path.read_text(encoding="utf-8")]
"""What is reported has no blocks: `tests/unit/field/test_sl651_adapter.py` reads published frames by its profile."""
CASES = sorted(FOLDER.glob("*/*.yaml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_blocks_become_the_readings(path: Path) -> None:
    document, golden = load_golden(path)
    assert path.parent.name == golden.profile
    profile = load_profile(PROFILES[golden.profile], golden.parameters)
    assert [] == [str(mistake) for mistake in differences(document, golden, profile)]


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_somebody_checked_the_readings(path: Path) -> None:
    assert load_golden(path)[1].checked_against.strip()


@pytest.mark.parametrize("profile", ASKED)
def test_every_profile_has_a_case_of_its_present_version(profile: str) -> None:
    document = read_document(PROFILES[profile])
    version = resolve(document, examples(document)).version
    assert version in {load_golden(path)[1].version for path in CASES if path.parent.name == profile}
