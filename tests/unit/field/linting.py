"""Profiles in flow style, and what lint finds in them."""

from __future__ import annotations

from shared.documents import parse_document
from shared.field.profile_lint import Finding, lint, without_accepted
from shared.field.profile_load import examples, unroll

_HEAD = """profile: profile/v1
id: test
version: 1.0.0
trade: flood
title: {zh: 泵, en: Pump}
modbus: {address_base: 0%s}
"""
T = "title: {zh: 点, en: Point}"
WATCHED = """
identity: [{point: code, equals: 7}]
watchdog: {write: dog, every: 5s, device_fallback: {zh: 自动, en: automatic}}
"""


def found(body: str, modbus: str = "") -> list[Finding]:
    """What lint finds and the file does not accept; the body begins on line 7."""
    text = _HEAD % modbus + body
    written = parse_document(text, "test.yaml")
    unrolled, profile = unroll(written, examples(written))
    return list(without_accepted(lint(written, unrolled, profile), text))


def rules(body: str, modbus: str = "") -> set[tuple[str, str, str]]:
    """Severity, rule and field of everything found."""
    return {(finding.severity, finding.rule, finding.mistake.field) for finding in found(body, modbus)}


def measured(points: str, more: str = "", modbus: str = "") -> set[tuple[str, str, str]]:
    """Of a profile with one fast poll group."""
    return rules(f"poll_groups: {{fast: {{every: 1s, stale_after: 5s}}}}\npoints:\n{points}\n{more}", modbus)


def commanded(points: str, command: str) -> set[tuple[str, str, str]]:
    """Of a profile with a watchdog, an identity and the command `do`."""
    head = (
        f"  code: {{table: input, address: 100, type: u16, kind: identity, poll: fast, {T}}}\n"
        f"  dog: {{table: holding, address: 100, type: u16, kind: status, access: rw, poll: fast, {T}}}\n"
    )
    return measured(head + points, f"{WATCHED}commands:\n  do: {{title: {{zh: 做, en: Do}}, {command}}}\n")
