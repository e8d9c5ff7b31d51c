"""The embedded stack: every part of Reel on one machine, without Docker and without root."""
