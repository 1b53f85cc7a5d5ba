"""Read, clean, label and split the comments that models are trained on."""
