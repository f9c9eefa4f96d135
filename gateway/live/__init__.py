"""One SSE stream a browser."""
