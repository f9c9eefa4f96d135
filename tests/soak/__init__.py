"""`make soak`: what takes too long for every change. Each job is a module of this package, in the registry of
`__main__.py`; it prints what it found, and returns whether all was well.
"""
