"""Starts the whole city on one machine, and stops exactly what it started."""
