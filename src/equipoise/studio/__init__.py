"""The studio: a local page on which a person steers a synthesis, step by step.

``server`` answers the page's requests and ``guard`` refuses all others. Each step of the page has a
file of its own, which calls the library and returns what the page shows.
"""
