"""The journal of everything that happened. See README.md."""
