"""PyPI `akismet`: httpx, a fixed address."""

import akismet
import httpx
from common import ABUSE, BLOG, FINE, KEY, tell

comment = {"comment_author": "A reader", "comment_type": "comment"}


def client(key: str = KEY) -> akismet.SyncClient:
    # One second is the client's limit; a busy test machine may need more.
    waiting = httpx.Client(timeout=30)
    return akismet.SyncClient(config=akismet.Config(key=key, url=BLOG), http_client=waiting)


with client() as own:
    tell(
        verified=own.verify_key(KEY, BLOG),
        fine=own.comment_check("192.0.2.1", comment_content=FINE, **comment).name,
        spam=own.comment_check("192.0.2.1", comment_author="akismet-guaranteed-spam").name,
        abuse=own.comment_check("192.0.2.1", comment_content=ABUSE, **comment).name,
        submit_spam=own.submit_spam("192.0.2.1", comment_content=FINE, **comment),
        submit_ham=own.submit_ham("192.0.2.1", comment_content=FINE, **comment),
        usage=sorted(own.usage_limit()),
        wrong=own.verify_key("nonsense", BLOG),
    )
