"""`python -m services.alarms` runs the alarm service."""

from shared.bus.nameko_run import run

run("alarms")
