"""Objects and an inventory to a cluster: order, server-side apply, prune, deletion, health and drift.

The way of one apply: ``localize`` gives objects their real namespaces, ``ownable`` and ``inventory`` say what will be
owned (written ahead by the caller), ``Applier.apply_all`` looks whose an object is (``adoption``) and sends one apply
each, ``prune`` removes what left, ``error_of`` is the error where something failed. ``ManagedObjects`` watches
what was applied and tells who drifted, went, or changed its health; ``delete_step`` takes everything down in order.
"""

from pattern_operator.apply import inventory
from pattern_operator.apply.applier import Applier
from pattern_operator.apply.deletion import Remaining, delete_step, remaining_all
from pattern_operator.apply.dryrun import DryRun
from pattern_operator.apply.health import Health, HealthState, health_of, needs_status
from pattern_operator.apply.managed.managed_object import FINGERPRINT_BYTES, DriftState, ManagedObject
from pattern_operator.apply.managed.managed_objects import ManagedObjects
from pattern_operator.apply.managed.notification import Notification, NotificationKind
from pattern_operator.apply.outcome import Applied, ApplyFailure, error_of
from pattern_operator.apply.ownership import Owner, ownable, owner_id, stamp
from pattern_operator.apply.ownrbac import own_rbac
from pattern_operator.apply.ownrights import excess
from pattern_operator.apply.protected import Protected
from pattern_operator.apply.prune import Pruned, prune
from pattern_operator.apply.removal import Remover
from pattern_operator.apply.scope import Localized, localize
from pattern_operator.apply.transfer import Transfers
from pattern_operator.apply.wave import reverse_waves, waves

__all__ = [
    "FINGERPRINT_BYTES",
    "Applied",
    "Applier",
    "ApplyFailure",
    "DriftState",
    "DryRun",
    "Health",
    "HealthState",
    "Localized",
    "ManagedObject",
    "ManagedObjects",
    "Notification",
    "NotificationKind",
    "Owner",
    "Protected",
    "Pruned",
    "Remaining",
    "Remover",
    "Transfers",
    "delete_step",
    "error_of",
    "excess",
    "health_of",
    "inventory",
    "localize",
    "needs_status",
    "own_rbac",
    "ownable",
    "owner_id",
    "prune",
    "remaining_all",
    "reverse_waves",
    "stamp",
    "waves",
]
