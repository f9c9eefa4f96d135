"""The field engine: registers in, judged readings out; commands in, one write and its proof out.

Plain synchronous code over blocking sockets. It runs in greenlets under nameko and in threads everywhere else, and
imports neither nameko, eventlet nor asyncio.
"""
