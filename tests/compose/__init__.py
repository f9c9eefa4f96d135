"""`make test-compose`: docker-compose.yml started for real, on a private engine, with images made here."""
