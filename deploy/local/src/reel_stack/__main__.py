"""`python -m reel_stack` is the `reel-stack` command."""

from reel_stack.cli import main

main()
