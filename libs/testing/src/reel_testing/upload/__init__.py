"""Fakes and builders for upload-service's tests."""
