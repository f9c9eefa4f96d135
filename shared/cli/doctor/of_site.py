"""A site as seen from this machine: its files, its profiles, and whether somebody is at the end of each line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shared.cli.doctor.check import Check
from shared.cli.doctor.machine import check_connection, check_device
from shared.cli.site import examine
from shared.documents import MalformedDocument
from shared.field.address import parse_address
from shared.site import ALL_TRADES, LineEntry, Site, load_site

LINES_AT_ONCE = 16
_TODO = "Look at power, network, firewall and port"


def check_site(folder: Path, variables: Mapping[str, str]) -> Iterator[Check]:
    """`variables`: those that the environment sets in place of the site file's."""
    try:
        site = load_site(folder, variables, keys_of=ALL_TRADES)
        mistakes, findings = examine(folder, site)
    except MalformedDocument as error:
        for mistake in error.mistakes:
            yield Check("wrong", "site", str(mistake), "Mend it")
        return
    errors = [*mistakes, *(str(each) for each in findings if each.severity == "error")]
    for text in errors:
        yield Check("wrong", "site", text, "Mend it")
    for finding in findings:
        if finding.severity == "warning":
            yield Check("warning", "profile", str(finding), "Mend it, or accept it with a reason")
    if not errors:
        yield Check("ok", "site", f"{len(site.controllers)} controllers on {len(site.lines)} lines fit their profiles")
    yield from _lines(site)


def _lines(site: Site) -> Iterator[Check]:
    ways = [(line, text) for line in site.lines for text in line.addresses]
    with ThreadPoolExecutor(LINES_AT_ONCE) as pool:
        yield from pool.map(lambda way: _way(*way), ways)


def _way(line: LineEntry, text: str) -> Check:
    """Connected to and closed; nothing is sent."""
    address = parse_address(text)
    subject = f"line {line.id}{' (backup)' if text == line.backup else ''}"
    if address.listens:
        return Check("ok", subject, f"{address}: devices connect to the service here")
    if address.device:
        found = check_device(Path(address.device))
        return Check(found.verdict, subject, f"{address.device} {found.found}", found.todo)
    return check_connection(subject, address.host, address.port, _TODO)
