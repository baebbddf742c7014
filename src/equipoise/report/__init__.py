"""Plots from stored results. Import :mod:`equipoise.report.plots` for them: it needs matplotlib."""
