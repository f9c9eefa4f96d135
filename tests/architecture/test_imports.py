"""The house as it is drawn: who may import whom, and which library lives where."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("services", "shared", "gateway", "infra")
PURE = frozenset({
    "__future__", "bisect", "collections", "contextlib", "dataclasses", "datetime", "enum", "functools", "hashlib",
    "itertools", "json", "math", "operator", "re", "types", "typing", "unicodedata",
})  # fmt: skip
"""Of the standard library, what a domain may use: nothing that knows the time, the weather or a file."""
ARITHMETIC = frozenset({"numpy"})
"""Of other libraries."""
ASYNC_HOMES = ("gateway", "infra/simulator", "infra/local")


def sources(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if "node_modules" not in path.parts and "versions" not in path.parts]


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_import_contracts_are_kept() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout[-4000:] + done.stderr[-2000:]


def test_every_module_can_be_imported() -> None:
    """In a process of its own, so that none of them leans on what a test imported before it."""
    names = [module_name(path) for path in sources(*PACKAGES) if path.name != "__main__.py"]
    program = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    done = subprocess.run(
        [sys.executable, "-c", program, *names], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert 0 == done.returncode, done.stderr[-3000:]
    assert len(names) > 50


DOMAINS = sources(*(shown(path) for path in sorted((ROOT / "services").glob("*/domain"))))


@pytest.mark.parametrize("path", DOMAINS, ids=shown)
def test_a_domain_uses_only_what_is_pure(path: Path) -> None:
    service = ".".join(path.relative_to(ROOT).parts[:2])
    allowed = (f"{service}.domain", "shared.contracts", "shared.field")
    wrong = [
        name
        for name in imports(path)
        if name.split(".")[0] not in PURE | ARITHMETIC
        and not any(name == each or name.startswith(f"{each}.") for each in allowed)
    ]
    assert [] == wrong


@pytest.mark.parametrize("path", DOMAINS, ids=shown)
def test_a_domain_never_looks_at_the_clock(path: Path) -> None:
    called = [
        node.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today")
        if isinstance(node.value, ast.Name) and node.value.id in ("datetime", "date")
    ]
    assert [] == called


def test_asyncio_lives_in_the_gateway_and_the_simulator() -> None:
    users = [
        shown(path) for path in sources(*PACKAGES) if any(name.split(".")[0] == "asyncio" for name in imports(path))
    ]
    assert [] == [user for user in users if not user.startswith(ASYNC_HOMES)]


def test_the_environment_is_read_by_settings_alone() -> None:
    readers = [
        shown(path)
        for path in sources("services", "shared", "gateway")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
    ]
    assert [] == readers


def test_a_thing_has_a_name() -> None:
    nameless = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert [] == [shown(path) for path in sources(*PACKAGES, "tests") if path.stem in nameless]


def begun_services() -> list[str]:
    """Folders of services; a trade that has only profiles so far has no service yet."""
    folders = [path for path in (ROOT / "services").iterdir() if path.is_dir() and path.name[0] != "_"]
    return sorted(path.name for path in folders if {each.name for each in path.iterdir()} != {"profiles"})


@pytest.mark.parametrize("service", begun_services())
def test_every_service_has_the_same_shape(service: str) -> None:
    folder = ROOT / "services" / service
    expected = {
        "README.md",
        "__init__.py",
        "__main__.py",
        "handlers.py",
        "service.py",
        "settings.py",
        "wiring.py",
        "domain",
        "migrations",
    }
    assert expected <= {path.name for path in folder.iterdir()}
    headings = [
        line[3:] for line in (folder / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("## ")
    ]
    assert ["Owns", "Hears", "Says", "Keeps"] == headings
