"""How many examples a property tries that needs more, or fewer, than others; the profile says how many those try."""

from hypothesis import settings


def examples(thorough: int) -> int:
    """So many where the profile ``thorough`` is loaded, and fewer by the same factor as others where another one is."""
    return max(1, thorough * settings().max_examples // settings.get_profile("thorough").max_examples)
