"""A comment is about its article.

The rule compares the content words of the comment, by their stems ('voting' and 'votes' are
'vote'), with those of the article and of the comment it answers (`article`, `parent`). A comment
that shares none with them may be about something else.

The more words could have matched and did not, the higher the score: with n different content words
in the comment and m in its context, 1 - 0.5**(n * m / 200). Against a title of eight words a
comment of 25 scores 0.5; against a whole article one of ten scores nearly 1. The rule skips short
comments ('I agree with every word.'), which can be about anything, and comments without an article
or with an article of too few words.

- Fires, under the article "Monsoon arrives early in Kerala, farmers relieved": "My uncle sells
  cheap mobile phones and chargers near the railway station, so visit his shop this week for the
  best prices."
- Does not fire, under the article "Monsoon arrives early in Kerala, farmers relieved": "The farmers
  will be happy.", "Well said."

Limits: the rule compares words, not meaning. A comment on rain shares nothing with a title that
says 'monsoon'. Under titles alone it finds 9 in 10 comments moved to another article, but also a
third of the comments of ten content words or more under their own article (Fox News and Reddit
comments). So it ships in shadow, without thresholds. Send the article's whole text.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import Stemmer
from pydantic import Field

from moderation import rules
from moderation.decision import Finding
from moderation.text.reading import Text, read

# Words without a topic: function words, courtesies and the usual words of comments.
_IDLE = frozenset(
    """a about above after again against agree ain all almost already also although always am among
    an and another any anyone anything are aren around article as ask at author away back bad be
    because become been before being below best better between both but by came can cannot cant
    come comment comments could couldn course dear did didn do does doesn doing don done down
    each either else enough etc even ever every everyone everything fact far few first for from
    get gets getting give go goes going gone good got great had has hasn have haven having he
    hence her here hers him himself his how however i if in indeed instead into is isn it its
    itself just keep kind know last least less let lets like little ll look lot made make makes
    man many may maybe me mean men might more most much must my myself need needs never new next
    no nobody none nor not nothing now of off often oh ok old on once one only opinion or other
    others our out over own part people perhaps person please point put quite rather re really
    right said same saw say saying says see seem seems seen shall she should show simply since
    sir so some someone something still such sure take tell than thank thanks that the their them
    themselves then there therefore these they thing things think this those though thought
    through thus time times to today together told too truth try two under until up upon us use
    used very wait want was wasn way we well went were what whatever when where whether which
    while who whole whom whose why will with within without won word words would wouldn write
    writer wrong yeah year years yes yet you your yours yourself""".split()
)
_HALF_SURE = 200  # pairs of different words without a match, at which the score is one half
_COMPARED = 2_000  # tokens of a text that are compared


class Settings(rules.Settings):
    """The rule's settings, which a policy has in its table `[off_topic]`."""

    fewest_words: int = Field(
        10, ge=1, description="The rule skips comments with fewer content words."
    )
    fewest_article_words: int = Field(
        4, ge=1, description="The rule skips articles with fewer content words."
    )


def check(text: Text, settings: Settings) -> Finding | None:
    """Find a comment that shares no content word with its article. Skip short comments."""
    article = text.comment.article
    if not article:
        return None
    stems = frozenset(_stems(text))
    context = _context(article)
    if len(stems) < settings.fewest_words or len(context) < settings.fewest_article_words:
        return None
    if text.comment.parent:
        context |= _context(text.comment.parent)
    if not context.isdisjoint(stems):
        return None
    message = "Write about the article; your comment shares no topic with it."
    score = 1 - 0.5 ** (len(stems) * len(context) / _HALF_SURE)
    return Finding("off_topic", score, message, (text.span(0, len(text.clean)),))


def _stems(text: Text) -> Iterator[str]:
    """Yield the stems of the content words at a text's beginning, hashtags included.

    >>> list(_stems(read("The voters of #Delhi are voting!")))
    ['voter', 'delhi', 'vote']
    """
    stemmer = Stemmer.Stemmer("english")  # cheap, and not safe to share between threads
    for token in text.tokens[:_COMPARED]:
        word = token.text.lower().lstrip("#").removesuffix("'s")
        if token.kind in ("word", "hashtag") and len(word) > 1 and word not in _IDLE:
            yield from map(stemmer.stemWord, word.split("-"))


@lru_cache(maxsize=256)
def _context(text: str) -> frozenset[str]:
    """Return the word stems of an article or a parent comment. Other comments share the cache."""
    return frozenset(_stems(read(text)))
