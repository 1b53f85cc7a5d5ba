"""Score texts: one module for each kind of model. A model's `card.json` names its kind."""
