"""Articles and letters."""

from django.db import models
from house_rules.django.validators import HouseRulesValidator


class Article(models.Model):
    """An article that readers comment on."""

    title = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return the article's address."""
        return f"/articles/{self.pk}/"


class Letter(models.Model):
    """A letter to the editor, with a heading that a validator checks."""

    heading = models.CharField(max_length=200, validators=[HouseRulesValidator()])
    text = models.TextField()
    decision = models.CharField(max_length=64, blank=True)
    is_public = models.BooleanField(default=False)
