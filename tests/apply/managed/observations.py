"""States of an object as plain values, for tables of cases: nothing of what is tested runs when these are made."""

from dataclasses import replace
from typing import Any, Final

from pattern_operator.apply.annotations import NO_RETENTION
from pattern_operator.apply.managed.observation import EXISTS, Observation

_PLAIN: Final = Observation(
    uid="u",
    version=7,
    label="",
    fingerprint=b"",
    applied_at=0,
    paused=False,
    retention=NO_RETENTION,
    adopted=False,
    deleting=False,
    finalizers=(),
    finished=False,
    health=EXISTS,
    generation=1,
    writers=b"once",
    trail=b"once",
    other_managers=(),
    scaled_by="",
    scales=False,
    touched=False,
)


def observation(**changes: Any) -> Observation:
    """An object that is there, healthy by existing, that nobody has changed since the first version, but for these."""
    return replace(_PLAIN, **changes)
