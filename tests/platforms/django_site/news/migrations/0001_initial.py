"""Create articles and letters."""

import house_rules.django.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    """Create articles and letters."""

    operations = [  # noqa: RUF012 - Django's own form
        migrations.CreateModel(
            name="Article",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("title", models.CharField(max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name="Letter",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "heading",
                    models.CharField(
                        max_length=200,
                        validators=[house_rules.django.validators.HouseRulesValidator()],
                    ),
                ),
                ("text", models.TextField()),
                ("decision", models.CharField(blank=True, max_length=64)),
                ("is_public", models.BooleanField(default=False)),
            ],
        ),
    ]
