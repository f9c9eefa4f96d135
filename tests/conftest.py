"""For all tests: what hypothesis tries may take its time, for machines are shared."""

from hypothesis import settings

settings.register_profile("urbanops", deadline=None)
settings.load_profile("urbanops")
