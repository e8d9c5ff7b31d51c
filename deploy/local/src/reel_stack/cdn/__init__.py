"""A CDN edge for one machine: what CloudFront with origin access control does, in small."""
