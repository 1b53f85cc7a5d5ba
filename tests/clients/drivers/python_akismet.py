"""PyPI `python-akismet`. It uses requests, and sends the key as a subdomain."""

from akismet import Akismet, SpamStatus  # type: ignore[attr-defined]
from common import ABUSE, BLOG, FINE, KEY, attempt, tell

client = Akismet(KEY, blog=BLOG)
names = {value: name for name, value in vars(SpamStatus).items() if isinstance(value, int)}
reader = {"user_ip": "192.0.2.1", "user_agent": "Browser", "comment_author": "A reader"}
spammer = {**reader, "comment_author": "viagra-test-123"}
tell(
    fine=names[client.check(**reader, comment_content=FINE)],
    abuse=names[client.check(**reader, comment_content=ABUSE)],
    spam=names[client.check(**spammer, comment_content=FINE)],
    submit_spam=client.submit_spam(**reader, comment_content=FINE),
    submit_ham=client.submit_ham(**reader, comment_content=FINE),
    bad_key=attempt(lambda: Akismet("nonsense", blog=BLOG).check(**reader, comment_content=FINE)),
)
