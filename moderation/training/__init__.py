"""Training: labelled texts in, `models/<name>/<version>/` out. Nothing here runs in the service."""
