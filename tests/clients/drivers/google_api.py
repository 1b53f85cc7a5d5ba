"""google-api-python-client, with only `discoveryServiceUrl` set."""

from common import ABUSE, BASE, FINE, KEY, attempt, tell
from googleapiclient.discovery import build

URL = f"{BASE}/$discovery/rest?version=v1alpha1"


def service(key: str):  # type: ignore[no-untyped-def]  # it has no types
    return build(
        "commentanalyzer",
        "v1alpha1",
        developerKey=key,
        discoveryServiceUrl=URL,
        static_discovery=False,
    )


def analyze(text: str, key: str = KEY, **more: object) -> object:
    body = {"comment": {"text": text}, "requestedAttributes": {"TOXICITY": {}}, **more}
    return service(key).comments().analyze(body=body).execute()


tell(
    abuse=analyze(ABUSE, languages=["en"], spanAnnotations=True, clientToken="one"),
    fine=analyze(FINE),
    suggest=service(KEY)
    .comments()
    .suggestscore(
        body={
            "comment": {"text": ABUSE},
            "attributeScores": {"TOXICITY": {"summaryScore": {"value": 1}}},
            "clientToken": "two",
        }
    )
    .execute(),
    empty=attempt(lambda: analyze(""), lambda error: error.error_details),  # type: ignore[attr-defined]
    unknown=attempt(
        lambda: analyze(FINE, requestedAttributes={"AFFINITY_EXPERIMENTAL": {}}),
        lambda error: error.error_details,  # type: ignore[attr-defined]
    ),
    bad_key=attempt(lambda: analyze(FINE, "nonsense"), lambda error: error.reason),  # type: ignore[attr-defined]
)
