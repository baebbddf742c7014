"""Run folders: where the data of a run are, its record, its training and its files.

Importing it loads nothing that is slow.
"""
