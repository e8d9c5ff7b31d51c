"""Killing a service right after one of its durable effects, and looking at what becomes of it."""
