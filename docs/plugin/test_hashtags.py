"""hashtags: use few hashtags."""

from courier_rules import hashtags

from moderation.testing import check_rule
from moderation.text.reading import read


def test_it_is_a_rule() -> None:
    """It keeps to what every rule must keep to."""
    check_rule(hashtags)


def test_the_third_hashtag_is_marked() -> None:
    """Two are allowed."""
    finding = hashtags.check(read("#Roads #Council #Shame"), hashtags.Settings())
    assert finding
    assert [span.text for span in finding.spans] == ["#Shame"]
