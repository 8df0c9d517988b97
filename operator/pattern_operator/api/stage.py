"""The stages of the pipeline: spec sections, packages, log fields and metric labels have the same names."""

from enum import StrEnum


class Stage(StrEnum):
    """The stages of one pattern, in order."""

    SOURCE = "source"
    VERIFY = "verify"
    RENDER = "render"
    ROLLOUT = "rollout"
    APPLY = "apply"
    HEALTH = "health"
