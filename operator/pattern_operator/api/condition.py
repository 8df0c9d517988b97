"""Conditions of a DesignPattern: the types, and the shape that Kubernetes gives them (KEP-1623, metav1.Condition)."""

from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta, Struct


class ConditionType(StrEnum):
    """Every condition type, with what True, False and Unknown of it mean."""

    description: str

    def __new__(cls, value: str, description: str) -> "ConditionType":
        """Make a member of the public word and the sentence that documents it."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.description = description
        return member

    READY = "Ready", "True when the desired revision runs and is healthy; what `kubectl wait` is for."
    RECONCILING = "Reconciling", "True while the operator works towards the spec; absent otherwise (kstatus)."
    STALLED = "Stalled", "True when no retry helps and somebody must change something; absent otherwise (kstatus)."
    FETCHED = "Fetched", "Whether the artifact was resolved and pulled, each part checked against its digest."
    VERIFIED = (
        "Verified",
        "True with who signed, False with why not, Unknown (NoPolicy) where no signature is required.",
    )
    RENDERED = "Rendered", "Whether the components of the artifact became objects."
    APPLIED = (
        "Applied",
        "Whether all objects are applied, and those that left the pattern are deleted (Unknown, Pruning: not yet).",
    )
    HEALTHY = "Healthy", "Whether every applied object is healthy by the rules of kstatus."


class Condition(Struct, rename="camel", frozen=True, kw_only=True):
    """metav1.Condition."""

    type: Annotated[str, Meta(description="The type of the condition.", max_length=316)]
    status: Annotated[Literal["True", "False", "Unknown"], Meta(description="True, False or Unknown.")]
    reason: Annotated[str, Meta(description="Why, as a CamelCase word.", max_length=1024)]
    message: Annotated[str, Meta(description="The fact, the object, the next step.", max_length=32768)]
    last_transition_time: Annotated[str, Meta(description="When the status last changed.")]
    observed_generation: Annotated[int, Meta(description="The generation of the spec that it describes.")] = 0
