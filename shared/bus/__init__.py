"""The bus: RabbitMQ behind a few nouns. Works on plain threads; eventlet and nameko only in `nameko_*.py`."""
