"""Load: many apps at once, what they saw, and what it cost the services."""
