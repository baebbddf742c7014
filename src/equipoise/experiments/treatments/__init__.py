"""What is done about imbalance: remedies that make no rows, and samplers that do."""
