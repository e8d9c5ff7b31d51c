"""Proof that an HLS presentation is what its playlists say (RFC 8216, Apple's authoring rules)."""
