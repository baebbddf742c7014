"""Plots, tables and a page from stored results; import what you need: they need matplotlib."""
