"""Which desired state was reached: the only one that Ready may call running. Pure.

A generation does not say it: a failed run sees the newest one too, and a Secret with other keys changes none. So status
keeps a digest of what was asked for when all of it was applied, and a later run, also one after a restart, compares.
"""

import hashlib
from contextlib import suppress

from pattern_operator.api.condition import ConditionType
from pattern_operator.api.designpattern import DesignPattern
from pattern_operator.api.reference import InvalidReference, Repository, Revision
from pattern_operator.api.spec import Spec
from pattern_operator.api.status import Status
from pattern_operator.api.verification import Requirement, UnusablePolicy, VerificationPolicy
from pattern_operator.reconcile.conditions import condition_of
from pattern_operator.reconcile.spec_digest import digest_of, spec_digest
from pattern_operator.reconcile.state import Applying, Lookup, Objects, Running

UNREADABLE = "unreadable"  # in place of a policy whose keys cannot be read: it is not the one that was reached
_REFERENCE_DIGITS = 12  # of the part that only tells one reference of a user from another


def policy_digest(policy: VerificationPolicy) -> str:
    """What stands for the verification policy with its keys, whatever they are read from."""
    return digest_of([1, [_requirement(each) for each in policy.requirements]])


def state_of(spec: Spec, policy: str) -> str:
    """What stands for the desired state: what decides which objects are applied and how, and not how it is fetched."""
    return f"{spec_digest(spec)}-{policy}+{_reference_digest(spec)}"


def met_policy(status: Status) -> str:
    """The ``policy_digest`` of what was verified of all that was applied last; empty where that is not known."""
    return status.last_applied_state.partition("-")[2].partition("+")[0]


def is_reached(pattern: DesignPattern, policy: str | None, *, revision: Revision | None = None) -> bool:
    """Whether what the spec asks for now was applied in full, and nothing else since.

    ``policy`` is its ``policy_digest``, None where the keys could not be asked for: then the spec alone decides.
    ``revision`` is what the reference leads to; where it is not known, the last one that was found counts.
    """
    status = pattern.status
    found = str(revision) if revision is not None else status.last_attempted_revision
    if not status.revision or status.revision != found:
        return False
    if not status.last_applied_state:
        return _was_ready(status, pattern.metadata.generation)
    spec, _, rest = status.last_applied_state.partition("-")
    return spec == spec_digest(pattern.spec) and policy in (None, rest.partition("+")[0])


def was_begun(pattern: DesignPattern, revision: Revision) -> bool:
    """Whether ``revision`` was applied, or was begun to be, when the spec was as it is now."""
    status, spec = pattern.status, spec_digest(pattern.spec)
    states = ((status.revision, status.last_applied_state), (status.applying_revision, status.applying_state))
    return any(name == str(revision) and state.partition("-")[0] == spec for name, state in states)


def is_known_otherwise(pattern: DesignPattern, policy: str | None, *, revision: Revision | None) -> bool:
    """Whether status names a reached state, and it is not that of the spec."""
    return bool(pattern.status.last_applied_state) and not is_reached(pattern, policy, revision=revision)


def running_revision(
    pattern: DesignPattern, repository: Repository, *, objects: Objects, last: Lookup | None
) -> Revision | None:
    """What runs, where it is known to have come from ``repository``; None where the spec may have named another then.

    That is what this process has applied (``objects``) or found (``last``) there; after a restart only a spec that
    names the same reference as the one that was applied says so. A revision of which some objects are applied counts
    before the one that it was to replace: an older one may not be able to read what those have written.
    """
    if isinstance(objects, Running):
        return objects.desired.revision if objects.desired.repository == repository else None
    desired = objects.desired if isinstance(objects, Applying) else None
    if desired is not None and desired.repository != repository:
        desired = None
    if desired is not None and isinstance(objects, Applying) and objects.applied:
        return desired.revision
    status = pattern.status
    for revision, state in (
        (status.applying_revision, status.applying_state),
        (status.revision, status.last_applied_state),
    ):
        tried = desired is not None and str(desired.revision) == revision
        found = last is not None and last.reference.repository == repository and str(last.revision) == revision
        if tried or found or _is_of_reference(state, pattern.spec):
            with suppress(InvalidReference):
                return Revision.parse(revision)
    return None


def is_asked_otherwise(pattern: DesignPattern, running: Revision) -> bool:
    """Whether the spec names another repository, tag, range or digest than the one that led to ``running``.

    False also where status does not know what led to it.
    """
    status = pattern.status
    states = ((status.revision, status.last_applied_state), (status.applying_revision, status.applying_state))
    known = [state.partition("+")[2] for revision, state in states if revision == str(running)]
    return next(filter(None, known), _reference_digest(pattern.spec)) != _reference_digest(pattern.spec)


def _is_of_reference(state: str, spec: Spec) -> bool:
    """Whether ``state`` is that of a spec which named the same repository, and tag, range or digest of it."""
    reference = state.partition("+")[2]
    return reference == _reference_digest(spec) if reference else state.partition("-")[0] == spec_digest(spec)


def _was_ready(status: Status, generation: int) -> bool:
    """What a status says that was written before the digest was kept."""
    ready = condition_of(status, ConditionType.READY)
    return ready is not None and (ready.status, ready.observed_generation) == ("True", generation)


def _reference_digest(spec: Spec) -> str:
    return digest_of([spec.source.url, spec.source.ref])[:_REFERENCE_DIGITS]


def _requirement(each: Requirement | UnusablePolicy) -> object:
    source = [each.source.name, each.source.version]
    if isinstance(each, UnusablePolicy):
        return [*source, each.reason, each.message]
    authorities = [
        [it.name, it.spec, [[field, hashlib.sha256(content).hexdigest()] for field, content in it.material]]
        for it in each.authorities
    ]
    return [*source, each.threshold, each.repository, each.max_age, authorities]
