"""`python -m reel_client` is the command `reel`."""

from reel_client.cli import main

main()
