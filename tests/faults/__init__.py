"""A field device that misbehaves on purpose, and polls against it that must never be deceived."""
