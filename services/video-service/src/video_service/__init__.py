"""The single owner of `videos.status`: video CRUD, both webhooks, and the transcode queue."""
