"""The words for objects that stay in the cluster although all of a pattern is deleted. Pure."""

from collections.abc import Collection

from pattern_operator.api.object import ObjectKey, pluralize
from pattern_operator.apply.result import summarize


def kept_words(kept: Collection[tuple[ObjectKey, str]]) -> str:
    """How many stay, which, and why each."""
    stay = summarize(f"{key.display_name}: {why}" for key, why in kept)
    return f"{pluralize(len(kept))} left in the cluster: {stay}"
