"""Nouns of uploading: sessions, parts, their rules. Pure."""
