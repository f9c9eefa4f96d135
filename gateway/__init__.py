"""The only code that browsers talk to: HTTP, the live stream, and the page itself."""
