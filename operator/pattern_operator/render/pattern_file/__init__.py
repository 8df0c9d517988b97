"""``pattern.yaml``: what a pattern says of itself, optional in any artifact. Pure.

``kind`` is its shape, ``reading`` finds it among the files, and says what it changes in what is asked of rendering.
"""

from pattern_operator.render.pattern_file.reading import (
    Declared,
    Described,
    MissingParameters,
    declared,
    describe,
    may_describe,
    refuse_parameters_of_kustomization,
    refuse_unread_parameters,
    with_defaults,
)

__all__ = [
    "Declared",
    "Described",
    "MissingParameters",
    "declared",
    "describe",
    "may_describe",
    "refuse_parameters_of_kustomization",
    "refuse_unread_parameters",
    "with_defaults",
]
