"""Settings of the newspaper."""

import os
from pathlib import Path

HERE = Path(__file__).parent
COMMENTS_APP = os.environ["COMMENTS_APP"]
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
SECRET_KEY = "of the tests"  # noqa: S105 - the tests' own
SITE_ID = 1
USE_TZ = True
ROOT_URLCONF = "urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.sites",
    *(["django_comments_xtd"] if COMMENTS_APP == "django_comments_xtd" else []),
    "django_comments",
    "house_rules.django",
    "news",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["DATABASE"],
        "OPTIONS": {"timeout": 20},
    }
}
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
MANAGERS: list[tuple[str, str]] = []
COMMENTS_XTD_CONFIRM_EMAIL = False
COMMENTS_XTD_SALT = b"of the tests"
HOUSE_RULES_URL = os.environ["HOUSE_RULES_URL"]
HOUSE_RULES_KEY = os.environ["HOUSE_RULES_KEY"]
HOUSE_RULES_DEADLINE = 5.0
