"""Figures about speed and memory: ratios against a baseline of the same run, never a timed test."""
