"""Decides about an object before a pattern first applies it: create it, own it, adopt it, skip it, or refuse.

An object is a pattern's own once it carries the owner label of the pattern in the cluster, and not before: an inventory
is written ahead, and then also names what was never there. Pure; ``applier`` looks and acts.
"""

from dataclasses import dataclass
from typing import Final, Literal

from pattern_operator.api.object import ObjectKey
from pattern_operator.api.reason import Reason
from pattern_operator.apply.co_owners import CoOwner
from pattern_operator.apply.existing import Existing
from pattern_operator.apply.managing_tools import managing_tool_of
from pattern_operator.apply.ownership import Owner

Policy = Literal["Never", "IfUnowned", "Always"]

# What more than the object itself is lost with: everybody's objects, everybody's custom resources, data.
GUARDED: Final = frozenset(
    {
        ("", "Namespace"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("", "PersistentVolumeClaim"),
        ("", "PersistentVolume"),
    }
)


PAUSED: Final = "is skipped: it is annotated reconcile: disabled in the cluster"


@dataclass(frozen=True, slots=True)
class Create:
    """There is none: it is made, and is the pattern's own.

    ``conditional``: the API server refuses the apply where there is one all the same (``create_only``).
    """

    conditional: bool = False


@dataclass(frozen=True, slots=True)
class Own:
    """It is the pattern's already. ``uid`` is the object that was looked at; ``adopted``: it stays marked so.

    ``scaled_by`` is the field manager that has its replicas through the subresource ``scale``, or empty; ``scales``:
    our apply set them. ``touched``: people may have put something in the place of what the pattern has. ``co_owners``
    are the other managers of its fields.
    """

    uid: str
    adopted: bool
    scaled_by: str = ""
    scales: bool = False
    touched: bool = False
    co_owners: tuple[CoOwner, ...] = ()
    version: str = ""  # its resourceVersion when it was looked at


@dataclass(frozen=True, slots=True)
class Adopt:
    """It was there before, and is the pattern's from now on: applied, repaired, and left when the pattern goes.

    ``migrates``: what kubectl or Helm has set on it may have to be handed on to the pattern (``migrate``).
    """

    uid: str
    migrates: bool = False
    scaled_by: str = ""
    version: str = ""  # its resourceVersion when it was looked at


@dataclass(frozen=True, slots=True)
class Skip:
    """It is used as it is, and the pattern goes on: not applied, and, unless it is ``ours``, never deleted."""

    why: str
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Refuse:
    """The pattern may not have it, and fails."""

    reason: Reason
    message: str


Decision = Create | Own | Adopt | Skip | Refuse


def decide(
    existing: Existing | None,
    *,
    key: ObjectKey,
    policy: Policy,
    owner: Owner,
    holder: Owner | None,
    remembered: bool,
    is_only_to_be_there: bool = False,
    offered: bool = False,
) -> Decision:
    """Decide about the object ``existing`` (None: there is none) that ``owner`` wants to apply under ``key``.

    ``holder`` is the living pattern that the object's owner label names, if that one still has the object.
    ``remembered``: this very object carried the label of ``owner``, and somebody took it off. ``offered``: the pattern
    that its label names lets it go, and gives it to ``owner``. ``is_only_to_be_there``: ``owner`` sets nothing of it,
    and is content with that of another pattern.
    """
    if existing is None:
        return Create()
    if existing.owner == owner.id:
        return Skip(PAUSED, ours=True) if existing.paused else Own(existing.uid, adopted=existing.adopted)
    if offered and not existing.deleting:
        return Skip(PAUSED, ours=False) if existing.paused else Own(existing.uid, adopted=existing.adopted)
    if holder is not None and is_only_to_be_there and not existing.deleting:
        return Skip(f"is owned by DesignPattern {holder}: it is used as it is, and not changed")
    if holder is not None:
        return Refuse(Reason.OWNED_BY_ANOTHER_PATTERN, _of_another(holder))
    if existing.paused and not existing.deleting:
        return Skip(f"{PAUSED}, and no pattern owns it")
    if remembered or _of_predecessor(existing, owner):
        return Own(existing.uid, adopted=existing.adopted)
    return _decide_foreign(existing, key=key, policy=policy)


def _of_predecessor(existing: Existing, owner: Owner) -> bool:
    """Whether a pattern of the same name, which no longer exists, left it: deleted and created again, or from a backup.

    The marks alone do not say so: a manifest that was copied out of a cluster, or restored from another's backup, has
    them too, and nobody meant its data to go with the pattern. Our own apply has to have set the label. Who may write
    the object can pretend that as well; it grants nothing, and only gives one's own object away.
    """
    return bool(existing.owner) and existing.pattern == str(owner) and existing.is_labelled_by_us


def _decide_foreign(existing: Existing, *, key: ObjectKey, policy: Policy) -> Decision:
    """The object was there before the pattern, and no pattern has it. ``spec.apply.conflicts`` has no say in this."""
    if existing.deleting:
        message = "exists already and is being deleted; it is created again once it is gone: look at its finalizers."
        return Refuse(Reason.ALREADY_EXISTS, message)
    if policy == "IfUnowned" and key.group_kind in GUARDED:
        return Skip(
            "existed before the pattern: it is used as it is, not changed, and stays when the pattern goes; set"
            " spec.apply.adopt: Always to let the pattern own it"
        )
    if manager := managing_tool_of(existing, key):
        return Refuse(
            Reason.MANAGED_BY_ANOTHER_TOOL,
            f"exists already and is managed by {manager.name}. Remove it from the pattern, or let the pattern have it:"
            f" {manager.advice}.",
        )
    if policy == "Never":
        return Refuse(Reason.ALREADY_EXISTS, f"exists already, and spec.apply.adopt is Never. {_way_out(key)}")
    if policy == "IfUnowned" and existing.controller:
        message = (
            f"exists already and is controlled by {existing.controller} (metadata.ownerReferences). Take it out of the"
            " pattern, or set spec.apply.adopt: Always."
        )
        return Refuse(Reason.MANAGED_BY_ANOTHER_TOOL, message)
    return Adopt(existing.uid)


def _way_out(key: ObjectKey) -> str:
    """What to do about an object that may not be adopted; nobody is told to delete what others would be lost with."""
    if key.group_kind in GUARDED:
        return "Remove it from the pattern, or set spec.apply.adopt: IfUnowned, which uses it as it is."
    return "Rename it in the pattern, delete the object, or set spec.apply.adopt: IfUnowned."


def _of_another(holder: Owner) -> str:
    return (
        f"is owned by DesignPattern {holder}, whose owner label it carries. Remove it from that one, and it is handed"
        " over to this one; or rename it in one of the two."
    )
