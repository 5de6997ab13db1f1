"""The one exception of the lab: a sentence for the person at the terminal."""


class LabError(Exception):
    """Names the object, the verb, the tool's own words and what to do next."""
