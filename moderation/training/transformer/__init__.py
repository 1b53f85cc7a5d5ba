"""Train the careful model, which is a transformer: dataset, network, fine-tuning and export."""
