"""The error whose message is for the person at the page."""


class StudioError(ValueError):
    """Something that the person can put right, such as a step that comes too early."""
