"""Readers turn texts into scores: one file per kind of model, named in the model's card."""
