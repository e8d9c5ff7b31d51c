"""Verbs: one module a use case."""
