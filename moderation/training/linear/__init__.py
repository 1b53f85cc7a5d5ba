"""Train the linear models (abuse, spam), and adapt them to moderators' verdicts.

`ensemble.py` fits how the fast (linear) and the careful abuse model score together.
"""
