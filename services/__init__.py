"""One folder per responsibility, every one the same inside: domain, handlers, storage, wiring, service."""
