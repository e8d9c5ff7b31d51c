"""Verbs of uploading, one a module; no driver and no framework."""
