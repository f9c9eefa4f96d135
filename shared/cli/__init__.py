"""The `urbanops` command. A folder that has commands of its own hangs them on it by an entry point."""
