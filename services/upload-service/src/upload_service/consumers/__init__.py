"""The queue edge."""
