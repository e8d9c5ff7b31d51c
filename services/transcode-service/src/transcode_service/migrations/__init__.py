"""Revisions of schema `transcode`, in plain SQL."""
