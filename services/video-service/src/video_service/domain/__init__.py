"""Nouns of a video's life: frozen, pure, the transition table as data."""
