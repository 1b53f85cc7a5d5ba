"""Addresses of the newspaper."""

from django.contrib import admin
from django.urls import include, path
from news.views import article, letter
from settings import COMMENTS_APP

urlpatterns = [
    path("admin/", admin.site.urls),
    path("comments/", include(f"{COMMENTS_APP}.urls")),
    path("articles/<int:pk>/", article),
    path("letters/", letter),
]
