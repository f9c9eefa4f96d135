"""The HTTP surface, one module a thing."""
