"""CSV files of others: their format, the values of their cells, and what was taken for what."""
