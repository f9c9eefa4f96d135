"""`urbanops profile lint`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from shared.cli.profile.reading import Files, Parameters, ReadProfile, read_profile
from shared.documents import MalformedDocument
from shared.field.plan import plan_reads
from shared.field.profile_lint import Finding, without_accepted
from shared.field.profile_lint import lint as find

Strict = Annotated[bool, typer.Option("--strict", help="Warnings fail too.")]


def lint(files: Files, parameter: Parameters = None, strict: Strict = False) -> None:
    """Tell everything wrong or doubtful with file, line and field; exit code 1 for errors.

    A warning is accepted by a comment on its line or the line before: `# lint accepts RULE: the reason`.
    """
    broken = False
    for path in files:
        try:
            read = read_profile(path, parameter)
        except MalformedDocument as error:
            broken = True
            for mistake in error.mistakes:
                typer.echo(f"{mistake} [error: document]", err=True)
            continue
        findings = find_in_file(path, read)
        for finding in findings:
            typer.echo(str(finding), err=True)
        broken |= any(strict or finding.severity == "error" for finding in findings)
        typer.echo(f"{path}: {_counts(read)}{_told(findings)}")
    raise typer.Exit(int(broken))


def find_in_file(path: Path, read: ReadProfile) -> list[Finding]:
    """The findings of a profile, without the warnings that its file accepts."""
    found = find(read.written, read.unrolled, read.profile)
    return list(without_accepted(found, path.read_text(encoding="utf-8")))


def _counts(read: ReadProfile) -> str:
    profile = read.profile
    reads = sum(len(plan_reads(profile, group)) for group in profile.poll_groups)
    points = f"{len(profile.points)} points in {reads} reads" if profile.points else f"{len(profile.reported)} points"
    return f"{points}, {len(profile.conditions)} conditions, {len(profile.commands)} commands"


def _told(findings: list[Finding]) -> str:
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = len(findings) - errors
    parts = [f"{count} {word}{'s' if count > 1 else ''}" for count, word in ((errors, "error"), (warnings, "warning"))]
    told = ", ".join(part for part, count in zip(parts, (errors, warnings), strict=True) if count)
    return f"; {told}" if told else ""
