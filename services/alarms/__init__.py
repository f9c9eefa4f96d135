"""The life of every alarm. See README.md."""
