"""The stages, one word each: a spec section, a package, a log field and a metrics label carry this very name."""

from enum import StrEnum


class Stage(StrEnum):
    """The steps of one pattern, in order; the last two only look at the cluster."""

    SOURCE = "source"
    VERIFY = "verify"
    RENDER = "render"
    ROLLOUT = "rollout"
    APPLY = "apply"
    HEALTH = "health"
