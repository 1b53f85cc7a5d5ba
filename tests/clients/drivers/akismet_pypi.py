"""PyPI `akismet`. It uses httpx and a fixed address."""

import akismet
import httpx
from common import ABUSE, BLOG, FINE, KEY, tell

comment = {"comment_author": "A reader", "comment_type": "comment"}


def client(key: str = KEY) -> akismet.SyncClient:
    # One second is the client's limit; a busy test machine may need more.
    patient = httpx.Client(timeout=30)
    return akismet.SyncClient(config=akismet.Config(key=key, url=BLOG), http_client=patient)


with client() as api:
    tell(
        verified=api.verify_key(KEY, BLOG),
        fine=api.comment_check("192.0.2.1", comment_content=FINE, **comment).name,
        spam=api.comment_check("192.0.2.1", comment_author="akismet-guaranteed-spam").name,
        abuse=api.comment_check("192.0.2.1", comment_content=ABUSE, **comment).name,
        submit_spam=api.submit_spam("192.0.2.1", comment_content=FINE, **comment),
        submit_ham=api.submit_ham("192.0.2.1", comment_content=FINE, **comment),
        usage=sorted(api.usage_limit()),
        wrong=api.verify_key("nonsense", BLOG),
    )
