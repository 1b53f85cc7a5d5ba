"""House rules for comments in Django.

Add `house_rules.django` to `INSTALLED_APPS`, and set `HOUSE_RULES_URL` and `HOUSE_RULES_KEY`. The
comment forms of django-contrib-comments and django-comments-xtd then ask the service. For comments
of your own, use `forms.HouseRulesFormMixin` or `validators.HouseRulesValidator`.
"""
