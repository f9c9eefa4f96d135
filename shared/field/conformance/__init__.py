"""Faults against an adapter: what must hold of every protocol, whatever a wire or a device does to it."""

from shared.field.conformance.case import Broken, Case, Result, run
from shared.field.conformance.polling import polling_cases
from shared.field.conformance.pushing import pushing_cases

__all__ = ["Broken", "Case", "Result", "polling_cases", "pushing_cases", "run"]
