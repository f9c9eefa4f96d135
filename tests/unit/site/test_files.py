"""Changed configuration files are noticed once they stand still, and their digest tells whether two sets agree."""

from __future__ import annotations

import os
from pathlib import Path

from shared.site.files import ConfigurationFiles


def furnished(folder: Path) -> Path:
    (folder / "profiles").mkdir(parents=True)
    (folder / "site.yaml").write_text("a: 1\n", encoding="utf-8")
    (folder / "profiles" / "gauge.yaml").write_text("b: 1\n", encoding="utf-8")
    (folder / "readme.txt").write_text("no configuration\n", encoding="utf-8")
    return folder


def watched(folder: Path) -> ConfigurationFiles:
    return ConfigurationFiles(folder, folder / "profiles")


def names(files: ConfigurationFiles) -> list[str]:
    return [each.name for each in files.settled()]


def test_a_change_is_told_once_and_not_before_it_stood_still(tmp_path: Path) -> None:
    files = watched(furnished(tmp_path))
    assert [] == names(files)
    (tmp_path / "site.yaml").write_text("a: 22\n", encoding="utf-8")
    assert [] == names(files)
    (tmp_path / "site.yaml").write_text("a: 333\n", encoding="utf-8")
    assert [] == names(files)
    assert ["site.yaml"] == names(files)
    assert [] == names(files)


def test_new_and_removed_files_are_changes_and_others_are_not(tmp_path: Path) -> None:
    files = watched(furnished(tmp_path))
    (tmp_path / "profiles" / "gauge.yaml").unlink()
    (tmp_path / "profiles" / "pump.yaml").write_text("c: 1\n", encoding="utf-8")
    (tmp_path / "readme.txt").write_text("still none\n", encoding="utf-8")
    names(files)
    told = {each.name: each for each in files.settled()}
    assert {"gauge.yaml", "pump.yaml"} == set(told)
    assert ("", None) == (told["gauge.yaml"].owner, told["gauge.yaml"].at)
    assert told["pump.yaml"].owner
    assert told["pump.yaml"].at is not None


def test_what_was_changed_and_changed_back_is_no_change(tmp_path: Path) -> None:
    path = furnished(tmp_path) / "site.yaml"
    files = watched(tmp_path)
    before = path.stat()
    os.utime(path, ns=(1, 1))
    names(files)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert [] == names(files)
    assert [] == names(files)


def test_the_digest_is_that_of_names_and_contents(tmp_path: Path) -> None:
    one, other = furnished(tmp_path / "one"), furnished(tmp_path / "other")
    assert watched(one).digest() == watched(other).digest()
    (other / "site.yaml").rename(other / "place.yaml")
    assert watched(one).digest() != watched(other).digest()
    (other / "place.yaml").rename(other / "site.yaml")
    assert watched(one).digest() == watched(other).digest()
    (other / "profiles" / "gauge.yaml").write_text("b: 2\n", encoding="utf-8")
    assert watched(one).digest() != watched(other).digest()
