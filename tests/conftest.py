"""Fixtures for every test: servers, databases, queues, buckets, the whole stack, budgets."""

import signal

from hypothesis import settings

pytest_plugins = ["reel_testing.plugin", "reel_testing.budget"]

settings.register_profile("long", max_examples=2000, deadline=None)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A script that runs the suite in the background has it ignore Ctrl-C, and all that it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
