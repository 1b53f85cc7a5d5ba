"""`python -m moderation` is `moderation`."""

from moderation.cli import main

main()
