"""`urbanops profile lint`: what is wrong or doubtful in a profile that can be read. Pure.

Errors must be mended. A warning may be accepted where it stands, by a comment on its line or the line before:
`# lint accepts own_register: the RTU tells nothing else of the barrier`. The reason is required.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from shared.documents import Document
from shared.field.profile import Profile
from shared.field.profile_lint.command_rules import check_commands
from shared.field.profile_lint.finding import Finding, Severity, Subject
from shared.field.profile_lint.logic_rules import check_logic
from shared.field.profile_lint.register_rules import check_registers
from shared.field.profile_lint.timing_rules import check_timing
from shared.field.profile_lint.unit_rules import check_units
from shared.field.profile_lint.upkeep_rules import check_upkeep

__all__ = ["Finding", "Severity", "lint", "without_accepted"]

_RULES = (check_registers, check_units, check_logic, check_commands, check_timing, check_upkeep)
_ACCEPTED = re.compile(r"#\s*lint accepts ([a-z_]+(?:,\s*[a-z_]+)*):\s*\S")


def lint(written: Document, unrolled: Document, profile: Profile) -> list[Finding]:
    """Everything found in a profile, in the order of its lines; `unrolled` and `profile` as `unroll` made them."""
    subject = Subject(written, unrolled, profile)
    found = {finding for rule in _RULES for finding in rule(subject)}
    return sorted(found, key=lambda finding: (finding.mistake.line, finding.mistake.field, finding.rule))


def without_accepted(findings: Iterable[Finding], text: str) -> Iterator[Finding]:
    """What is left when the warnings that `text`, the file itself, accepts with a reason are taken away."""
    lines = text.splitlines()
    for finding in findings:
        if finding.severity == "error" or finding.rule not in _accepted(lines, finding.mistake.line):
            yield finding


def _accepted(lines: list[str], line: int) -> set[str]:
    beside = lines[line - 1] if line <= len(lines) else ""
    above = lines[line - 2] if line >= 2 and lines[line - 2].lstrip().startswith("#") else ""
    return {
        rule.strip() for text in (beside, above) if (match := _ACCEPTED.search(text)) for rule in match[1].split(",")
    }
