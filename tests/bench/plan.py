"""The read plan is near-linear in the points of a device."""

from __future__ import annotations

import time

import yaml

from shared.documents import parse_document
from shared.field.plan import plan_reads
from shared.field.profile import Profile
from shared.field.profile_load import resolve
from tests.bench.rig import Bench


def measure(bench: Bench) -> None:
    for points in (100, 1_000, 10_000):
        profile = profile_of(points)
        began_s = time.perf_counter()
        blocks = plan_reads(profile, "all")
        took_s = time.perf_counter() - began_s
        print(
            f"{points:6} points: {len(blocks):4} reads, {took_s * 1e3:7.2f} ms, {took_s / points * 1e6:.2f} us a point"
        )


def profile_of(points: int) -> Profile:
    """Registers with a hole every seventh, a wide one every fiftieth, and one that must not be read every ninetieth."""
    addresses = [at * 8 // 7 + 20 * (at // 50) for at in range(points)]
    taken = set(addresses)
    walls = [at for at in range(90, addresses[-1], 90) if at not in taken]
    title = {"zh": "试", "en": "Bench"}
    document = {
        "profile": "profile/v1", "id": "bench", "version": "1.0.0", "trade": "flood", "title": title,
        "modbus": {
            "address_base": 0, "max_gap": 10,
            "forbidden": [{"table": "holding", "from": wall, "to": wall} for wall in walls],
        },
        "poll_groups": {"all": {"every": "1s", "stale_after": "5s"}},
        "points": {
            f"p{at}": {"table": "holding", "address": at, "type": "u16", "poll": "all", "title": title}
            for at in addresses
        },
    }  # fmt: skip
    return resolve(parse_document(yaml.safe_dump(document, allow_unicode=True), "bench.yaml"), {})
