"""Fixtures for every test: servers, databases, queues, buckets, the whole stack, budgets."""

from hypothesis import settings

pytest_plugins = ["reel_testing.plugin", "reel_testing.budget"]

settings.register_profile("long", max_examples=2000, deadline=None)
