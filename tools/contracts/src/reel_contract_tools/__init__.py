"""Generates the published contracts and tells a compatible change from a breaking one."""
