"""Pages of the newspaper."""

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.csrf import csrf_exempt
from house_rules.django.forms import HouseRulesFormMixin

from news.models import Article, Letter


class LetterForm(HouseRulesFormMixin, forms.ModelForm):
    """The form for a letter."""

    class Meta:
        """What the author writes."""

        model = Letter
        fields = ("heading", "text")


def article(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an article with its comments and the form for another."""
    return render(request, "article.html", {"article": get_object_or_404(Article, pk=pk)})


@csrf_exempt
def letter(request: HttpRequest) -> JsonResponse:
    """Take a letter: published, held or refused."""
    form = LetterForm(request.POST)
    if not form.is_valid():
        return JsonResponse(form.errors, status=422)
    stored = form.save(commit=False)
    stored.decision = form.decision["id"] if form.decision else ""
    stored.is_public = not form.is_held
    stored.save()
    return JsonResponse({"public": stored.is_public, "decision": stored.decision}, status=201)
