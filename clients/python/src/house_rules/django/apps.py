"""The Django app."""

from __future__ import annotations

from importlib import import_module

from django.apps import AppConfig, apps


class HouseRulesConfig(AppConfig):
    """Connects to the comment app, if one is installed."""

    name = "house_rules.django"
    label = "house_rules"
    verbose_name = "House rules"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Ask the service about the comments of django-contrib-comments and its relatives."""
        if apps.is_installed("django_comments"):
            import_module("house_rules.django.contrib").connect()
