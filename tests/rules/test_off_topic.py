"""off_topic: a comment that shares nothing with its article may be about something else."""

import pytest

from moderation.comment import Comment
from moderation.policy import Policy
from moderation.rules.off_topic import Settings, check
from moderation.text.reading import read

ARTICLE = "Monsoon arrives early in Kerala, farmers relieved after two dry summers"
ADVERT = (
    "My uncle sells cheap mobile phones and chargers near the railway station, so visit his"
    " shop this week for the best prices and bring your friends."
)


@pytest.mark.parametrize(
    "comment",
    [
        pytest.param(Comment(ADVERT), id="no article to compare with"),
        pytest.param(Comment(ADVERT, article="News today"), id="an article of too few words"),
        pytest.param(Comment("Buy cheap phones!", article=ARTICLE), id="a short comment"),
        pytest.param(
            Comment(
                "I do not agree with any word of this, and I never will, sir.", article=ARTICLE
            ),
            id="words of no topic",
        ),
        pytest.param(
            Comment(ADVERT + " A farmer told me.", article=ARTICLE), id="a stem is shared"
        ),
        pytest.param(Comment(ADVERT + " #Kerala", article=ARTICLE), id="a hashtag is shared"),
        pytest.param(
            Comment(ADVERT, article=ARTICLE, parent="Where do you buy a phone?"),
            id="it answers another comment",
        ),
    ],
)
def test_must_not_fire(comment: Comment) -> None:
    """Short comments, comments without an article, and answers to others never count."""
    assert check(read(comment), Settings()) is None


def test_fires() -> None:
    """A longer comment that shares no content word is named whole."""
    finding = check(read(Comment(ADVERT, article=ARTICLE)), Settings())
    assert finding is not None
    assert finding.spans[0].text == ADVERT


def test_longer_article_is_surer() -> None:
    """The more an article says, the more it means to share none of it."""
    title = check(read(Comment(ADVERT, article=ARTICLE)), Settings())
    more = "The rains filled dams, ponds and rivers; paddy, pepper and rubber growers are hopeful."
    whole = check(read(Comment(ADVERT, article=f"{ARTICLE}. {more}")), Settings())
    assert title is not None
    assert whole is not None
    assert title.score < whole.score < 1


def test_ships_as_a_watcher() -> None:
    """The shipped policy never acts on it."""
    assert Policy.load().rules["off_topic"].thresholds.shadow
