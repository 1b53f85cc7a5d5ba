"""Train the transformer: its dataset, network, fine-tuning and export."""
