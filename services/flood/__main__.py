"""`python -m services.flood` runs flood control."""

from shared.bus.nameko_run import run

run("flood")
