"""Register maps: how a controller's values stand in its tables, and what a write to them does.

Encoded by the simulator's own code, never by shared/field/registers: one mistake in a word order must not hide in two
places.
"""
