"""`python -m services.history` runs the history."""

from shared.bus.nameko_run import run

run("history")
