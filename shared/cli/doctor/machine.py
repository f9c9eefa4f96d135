"""What the machine itself must have."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from packaging.requirements import Requirement

from shared.cli.doctor.check import Check

PYTHON_LEAST = (3, 11)
DISK_FREE_LEAST = 2 * 1024**3
"""Bytes for spools, databases and logs; a service stops spooling before the disk is full, and says so."""
DESCRIPTORS_LEAST = 4096
"""A line is a descriptor; the rest is for databases, logs and the broker."""
CLOCK_EARLIEST = datetime(2025, 1, 1, tzinfo=UTC)
_CONNECT_S = 2.0


def check_machine(data_dir: Path, devices: Path = Path("/dev")) -> Iterator[Check]:
    yield check_python(sys.version_info[:2])
    yield check_packages()
    yield from check_serial(devices)
    yield check_clock(datetime.now(UTC))
    yield check_zones()
    yield check_disk(data_dir)
    yield check_descriptors(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def check_python(found: tuple[int, ...]) -> Check:
    text = ".".join(map(str, found))
    if found >= PYTHON_LEAST:
        return Check("ok", "Python", text)
    return Check("wrong", "Python", text, f"Install {'.'.join(map(str, PYTHON_LEAST))} or later")


def check_packages(distribution: str = "urbanops") -> Check:
    """Every package that the installed distribution asks for, at a version that it allows."""
    try:
        wanted = [Requirement(text) for text in requires(distribution) or ()]
    except PackageNotFoundError:
        return Check("wrong", "packages", f"{distribution} is not installed", "Run make setup")
    needed = [each for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})]
    bad = [text for each in needed if (text := _misfit(each)) is not None]
    if bad:
        return Check("wrong", "packages", ", ".join(bad), "Run make setup")
    return Check("ok", "packages", f"all {len(needed)}")


def _misfit(wanted: Requirement) -> str | None:
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return f"{wanted.name} is missing"
    return None if wanted.specifier.contains(found, prereleases=True) else f"{wanted} is wanted, {found} is there"


def check_serial(devices: Path) -> Iterator[Check]:
    """USB converters, and ports on board; a pseudo-terminal is a line's own business."""
    found = [path for pattern in ("ttyUSB*", "ttyACM*", "ttyAMA*") for path in sorted(devices.glob(pattern))]
    if not found:
        yield Check("ok", "serial devices", "no converter is plugged in")
    for path in found:
        yield check_device(path)


def check_device(path: Path) -> Check:
    """May this process read and write it?"""
    if not path.exists():
        return Check("wrong", str(path), "is not there", "Plug the converter in; dmesg tells what it is called")
    if not os.access(path, os.R_OK | os.W_OK):
        return Check("wrong", str(path), f"group {_group(path)} may use it", "usermod -aG that group, then log in anew")
    return Check("ok", str(path), "may be used")


def _group(path: Path) -> str:
    try:
        return path.group()
    except KeyError:
        return "of no name"


def check_clock(now: datetime) -> Check:
    text = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if now < CLOCK_EARLIEST:
        return Check("wrong", "clock", text, "Set it, and let NTP keep it")
    return Check("ok", "clock", text)


def check_zones(zone: str = "Asia/Shanghai") -> Check:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return Check("wrong", "time zones", f"there is no {zone}", "Install tzdata")
    return Check("ok", "time zones", f"{zone} is known")


def check_disk(folder: Path) -> Check:
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    text = f"{free / 1024**3:.1f} GB free at {there}"
    if not os.access(there, os.W_OK):
        return Check("wrong", "disk", f"{there} cannot be written to", "Choose another --data-dir, or its rights")
    if free < DISK_FREE_LEAST:
        return Check("warning", "disk", text, f"Keep {DISK_FREE_LEAST // 1024**3} GB free for spools and databases")
    return Check("ok", "disk", text)


def check_descriptors(limit: int) -> Check:
    if limit in range(DESCRIPTORS_LEAST):
        return Check("warning", "file descriptors", str(limit), f"ulimit -n {DESCRIPTORS_LEAST} for many lines")
    return Check("ok", "file descriptors", str(limit) if limit >= 0 else "no limit")


def check_port(port: int, host: str = "127.0.0.1") -> Check:
    """Could the gateway listen there?"""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return Check("warning", f"port {port}", str(error.strerror), "Stop what uses it, or choose another PORT")
    return Check("ok", f"port {port}", "free")


def check_connection(subject: str, host: str, port: int, todo: str) -> Check:
    try:
        socket.create_connection((host, port), _CONNECT_S).close()
    except OSError as error:
        return Check("wrong", subject, f"{host}:{port} cannot be reached ({error})", todo)
    return Check("ok", subject, f"{host}:{port} can be reached")
