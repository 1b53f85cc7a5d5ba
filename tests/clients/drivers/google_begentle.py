"""PyPI `begentle`. It uses google-api-python-client with a fixed discovery address."""

from begentle import CommentAnalyzer  # type: ignore[import-not-found]
from common import ABUSE, FINE, KEY, tell

client = CommentAnalyzer(KEY)
tell(abuse=client.analyze(ABUSE), fine=client.analyze(FINE))
