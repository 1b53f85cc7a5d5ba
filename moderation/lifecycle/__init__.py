"""A model's life: promotion, shadow runs, drift, and replays of recorded decisions."""
