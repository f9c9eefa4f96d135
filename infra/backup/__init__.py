"""Backup and restore of the whole platform: databases, spools, site, keys and photos in one file; not the queues."""
