"""PyPI `perspective`. It uses urllib and a fixed address."""

from common import ABUSE, FINE, KEY, attempt, tell
from perspective import PerspectiveAPI  # type: ignore[import-not-found]

client = PerspectiveAPI(KEY)
score = {"TOXICITY": {"summaryScore": {"value": 0.0}}}
tell(
    abuse=client.analyze_comment(ABUSE, requested_attributes={"TOXICITY": {}, "INSULT": {}}),
    fine=client.analyze_comment(FINE, span_annotations=True, client_token="mine"),  # noqa: S106 - no secret
    suggest=client.suggest_score(FINE, attribute_scores=score),
    bad_key=attempt(lambda: PerspectiveAPI("nonsense").analyze_comment(FINE)),
)
