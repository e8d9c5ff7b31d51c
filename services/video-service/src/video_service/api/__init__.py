"""The HTTP edge: path and body in, one use case, a view out."""
