"""off_topic: a comment that shares no word with its article may be about something else."""

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
            id="words without a topic",
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
    """Short comments, comments without an article, and answers to other comments pass."""
    assert check(read(comment), Settings()) is None


def test_fires() -> None:
    """The finding marks the whole of a longer comment that shares no content word."""
    finding = check(read(Comment(ADVERT, article=ARTICLE)), Settings())
    assert finding is not None
    assert finding.spans[0].text == ADVERT


def test_a_longer_article_gives_a_higher_score() -> None:
    """The more words an article has, the less likely it is to share none by chance."""
    title = check(read(Comment(ADVERT, article=ARTICLE)), Settings())
    more = "The rains filled dams, ponds and rivers; paddy, pepper and rubber growers are hopeful."
    longer = check(read(Comment(ADVERT, article=f"{ARTICLE}. {more}")), Settings())
    assert title is not None
    assert longer is not None
    assert title.score < longer.score < 1


def test_ships_in_shadow() -> None:
    """The shipped policy never acts on its findings."""
    assert Policy.load().rules["off_topic"].thresholds.shadow
