"""A newspaper in Django, for the tests. COMMENTS_APP says which comment app it uses."""

import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
execute_from_command_line(sys.argv)
