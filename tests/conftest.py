"""Fixtures for every test: servers, databases, queues, buckets, the whole stack."""

pytest_plugins = ["reel_testing.plugin"]
