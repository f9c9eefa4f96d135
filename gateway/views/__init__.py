"""What the screens show, folded from events and telemetry. Nothing here waits, and nothing here asks a service."""
