"""Flood control and drainage: pump groups, rain, river levels, underpasses. See README.md."""
