"""The archive of readings: what the telemetry stream said, kept by time, and read again."""
