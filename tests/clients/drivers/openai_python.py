"""PyPI `openai`, with only `base_url` set."""

from common import ABUSE, BASE, FINE, KEY, attempt, tell
from openai import OpenAI, OpenAIError

client = OpenAI(api_key=KEY, base_url=f"{BASE}/v1", max_retries=0)
stranger = OpenAI(api_key="nonsense", base_url=f"{BASE}/v1", max_retries=0)


def describe(error: Exception) -> object:
    assert isinstance(error, OpenAIError)
    return getattr(error, "body", None)


tell(
    one=client.moderations.create(input=ABUSE).model_dump(by_alias=True),
    many=client.moderations.create(input=[ABUSE, FINE], model="omni-moderation-latest").model_dump(
        by_alias=True
    ),
    parts=client.moderations.create(input=[{"type": "text", "text": FINE}]).model_dump(
        by_alias=True
    ),
    empty=attempt(lambda: client.moderations.create(input=[]), describe),
    bad_key=attempt(
        lambda: stranger.moderations.create(input=FINE).model_dump(by_alias=True), describe
    ),
)
