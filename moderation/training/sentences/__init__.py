"""Train the sentences model, which tells full sentences from fragments.

It has two parts: a tagger, which gives each word a role such as subject or verb, and a classifier,
which decides whether the roles make a full sentence.
"""
