"""Score texts: one module per kind of model. A model's card names its kind."""
