"""Create the table of judgements."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Create the table of judgements."""

    initial = True
    dependencies: ClassVar = [("contenttypes", "0002_remove_content_type_name")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="Judgement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("object_pk", models.CharField(max_length=255)),
                ("submitted", models.DateTimeField()),
                (
                    "decision",
                    models.CharField(
                        blank=True, help_text="Empty: not decided yet.", max_length=64
                    ),
                ),
                (
                    "verdict",
                    models.CharField(blank=True, help_text="A verdict to be sent.", max_length=16),
                ),
                ("who", models.CharField(blank=True, max_length=150)),
                (
                    "content_type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to="contenttypes.contenttype"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["content_type", "object_pk", "submitted"],
                        name="house_rules_comment",
                    )
                ],
                "indexes": [models.Index(fields=["verdict"], name="house_rules_verdict")],
            },
        ),
    ]
