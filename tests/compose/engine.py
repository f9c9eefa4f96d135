"""A container engine of our own, and base images made from Debian packages: no image registry is needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType

from infra.local.prepare import services_stay_off
from infra.local.processes import CannotRun, Child
from tests.waiting import eventually

IMAGES = Path(__file__).parent / "images"
ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"dockerd": "docker.io", "docker-compose": "docker-compose", "debootstrap": "debootstrap"}
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PIP_CONFIGURATION = Path("/etc/pip.conf")
PYTHON = "urbanops-try/python:1"
BRIDGE = Path("/sys/class/net/docker0")
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
_NO_FILTER = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"
_NO_NAT = (
    "*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n"
)
ENGINE_START_S_MAX, ENGINE_STOP_S_MAX = 30.0, 40.0


def say(text: str) -> None:
    sys.stderr.write(f"urbanops: {text}\n")
    sys.stderr.flush()


def install_missing() -> None:
    """By apt when we are root on Debian. Raises CannotRun."""
    missing = [package for program, package in PACKAGES.items() if shutil.which(program) is None]
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise CannotRun(f"Not installed: {', '.join(missing)}. Install them first.")
    say(f"installing {', '.join(missing)} with apt")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    with services_stay_off():
        run(["apt-get", "update"], environment)
        run(["apt-get", "install", "--yes", "--no-install-recommends", "iptables", *missing], environment)


def run(argv: list[str], environment: dict[str, str] | None = None, *, said: str | None = None) -> str:
    """What the program says when `said` is said to it. Raises CannotRun with its last lines when it fails."""
    done = subprocess.run(
        argv, cwd=ROOT, env=environment, text=True, check=False, input=said,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if done.returncode != 0:
        raise CannotRun(f"{' '.join(argv)[:200]} failed:\n{done.stdout[-3000:]}")
    return done.stdout


class HostNetwork:
    """What a daemon changes in the machine's own network, as it was before: filter rules, forwarding, its bridge."""

    def __init__(self) -> None:
        self._bridge_was_there = BRIDGE.exists()
        self._forwarding = FORWARDING.read_text(encoding="ascii")
        self._rules = run(["iptables-save"])

    def restore(self) -> None:
        """Nothing when another daemon has its bridge there: the rules are then his too."""
        if self._bridge_was_there:
            return
        rules = self._rules if "*filter" in self._rules else self._rules + _NO_FILTER
        rules = rules if "*nat" in rules else rules + _NO_NAT
        run(["iptables-restore"], said=rules)
        FORWARDING.write_text(self._forwarding, encoding="ascii")
        if BRIDGE.exists():
            run(["ip", "link", "delete", BRIDGE.name])


class PrivateEngine:
    """One Docker daemon with all of its files in a folder of its own; nothing is left of it afterwards."""

    def __init__(self) -> None:
        if os.geteuid() != 0:
            raise CannotRun("A private container engine needs root.")
        self._network = HostNetwork()
        self._folder = Path(tempfile.mkdtemp(prefix="urbanops-engine-"))
        self.environment = os.environ | {
            "DOCKER_HOST": f"unix://{self._folder / 'sock'}",
            "DOCKER_BUILDKIT": "0",
            "DOCKER_CONFIG": str(self._folder / "client"),
        }
        self._daemon: Child | None = None

    def __enter__(self) -> PrivateEngine:
        at = self._folder
        argv = [
            "dockerd", "--data-root", at / "data", "--exec-root", at / "exec", "--pidfile", at / "pid",
            "-H", f"unix://{at / 'sock'}",
        ]  # fmt: skip
        self._daemon = Child("dockerd", argv, log=at / "log")
        try:
            eventually(self._answers, ENGINE_START_S_MAX)
        except AssertionError:
            said = (at / "log").read_text()[-2000:]
            self.__exit__(None, None, None)
            raise CannotRun(f"dockerd did not start:\n{said}") from None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._daemon is not None:
            self._daemon.stop(ENGINE_STOP_S_MAX)
        self._network.restore()
        shutil.rmtree(self._folder)

    def docker(self, *arguments: str) -> str:
        return run(["docker", *arguments], self.environment)

    def make_images(self) -> dict[str, str]:
        """The variables of docker-compose.yml that name images, with those made here."""
        self._make_python()
        made = {"PYTHON_IMAGE": PYTHON}
        context = self._folder / "images"
        shutil.copytree(IMAGES, context)
        shutil.copy(ROOT / "requirements-node.lock", context)
        for kind in ("broker", "database", "node"):
            say(f"making the image of the {kind}")
            tag = f"urbanops-try/{kind}:1"
            file = str(context / f"{kind}.Dockerfile")
            self.docker("build", "--quiet", "--build-arg", f"BASE={PYTHON}", "-t", tag, "-f", file, str(context))
            made[f"{kind.upper()}_IMAGE"] = tag
        return made

    def _answers(self) -> bool:
        asked = ["docker", "version"]
        return 0 == subprocess.run(asked, env=self.environment, capture_output=True, check=False).returncode

    def _make_python(self) -> None:
        """A smallest Debian with Python; it trusts whom this machine trusts."""
        say("making a base image with debootstrap")
        root = self._folder / "root"
        include = "--include=ca-certificates,python3,python3-venv,python3-pip"
        codename, mirror = _debian()
        run(["debootstrap", "--variant=minbase", include, codename, str(root), mirror])
        shutil.copy(CERTIFICATES, root / "etc/ssl/certs")
        if PIP_CONFIGURATION.exists():
            shutil.copy(PIP_CONFIGURATION, root / "etc")
        trust = f"ENV PIP_CERT={CERTIFICATES} NODE_EXTRA_CA_CERTS={CERTIFICATES}"
        archive = self._folder / "root.tar"
        run(["tar", "-C", str(root), "-cf", str(archive), "."])
        shutil.rmtree(root)
        self.docker("import", "--change", trust, str(archive), PYTHON)
        archive.unlink()


def _debian() -> tuple[str, str]:
    """Codename and mirror of this machine, from its own apt. Raises CannotRun."""
    release = Path("/etc/os-release").read_text(encoding="utf-8").splitlines()
    codename = next((line.partition("=")[2] for line in release if line.startswith("VERSION_CODENAME=")), "")
    listed = run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME) $(COMPONENT)", "Created-By: Packages"]
    )
    for line in listed.splitlines():
        uri, *rest = line.split()
        if rest == [codename, "main"]:
            return codename, uri
    raise CannotRun(f"apt names no mirror of Debian {codename or '(unknown)'} here: base images cannot be made.")
