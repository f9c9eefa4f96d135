"""What the services agree on. Imports nothing from services/ or gateway/."""
