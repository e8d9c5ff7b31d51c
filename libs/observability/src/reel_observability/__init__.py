"""Structured logs and the context bound to them."""
