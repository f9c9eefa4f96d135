"""`python -m gateway.report.pdf`: a document in HTML on standard input, its PDF on standard output.

A process of its own, whose memory and time are limited: what cannot be printed harms nobody else. It fetches nothing,
neither from a file nor from the net.
"""

from __future__ import annotations

import resource
import sys
from typing import NoReturn

from weasyprint import HTML
from weasyprint.urls import URLFetcher

MEMORY_BYTES_MAX = 2_000_000_000
CPU_S_MAX = 90


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S_MAX, CPU_S_MAX))
    sys.stdout.buffer.write(HTML(string=sys.stdin.buffer.read().decode(), url_fetcher=Nothing()).write_pdf())


class Nothing(URLFetcher):  # type: ignore[misc]  # it comes without types
    """Everything that a document needs is in it."""

    def fetch(self, url: str, headers: object = None) -> NoReturn:  # noqa: ARG002 - WeasyPrint's own signature
        raise ValueError(f"a report fetches nothing: {url[:100]}")


if __name__ == "__main__":
    main()
