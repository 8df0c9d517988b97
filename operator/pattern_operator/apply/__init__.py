"""Objects and an inventory to a cluster: order, server-side apply, prune, deletion, health and drift.

The way of one apply: ``resolve_scope`` gives objects their real namespaces, ``inventory_objects`` and ``inventory`` say
what will be owned (written ahead by the caller), ``Applier.apply_all`` looks whose an object is (``adoption``)
and sends one apply each, ``prune`` removes what left, ``to_error`` is the error where something failed.
``ManagedObjects`` watches what was applied and tells who drifted, went, or changed its health; ``finalize`` takes
everything down in order.
"""

from pattern_operator.apply import inventory
from pattern_operator.apply.applier import Applier
from pattern_operator.apply.data import data_keys
from pattern_operator.apply.delete import Deleter
from pattern_operator.apply.dry_run import DryRun
from pattern_operator.apply.excess_permissions import excess_permissions
from pattern_operator.apply.finalize import FinalizeResult, finalize, nothing_deleted
from pattern_operator.apply.health import Health, HealthState, health_of
from pattern_operator.apply.managed.drift import DriftState
from pattern_operator.apply.managed.fingerprint import FINGERPRINT_BYTES
from pattern_operator.apply.managed.managed_objects import ManagedObjects
from pattern_operator.apply.managed.notification import Notification, NotificationKind
from pattern_operator.apply.operator_rbac import operator_rbac
from pattern_operator.apply.ownership import Owner, add_owner_metadata, inventory_objects, owner_id
from pattern_operator.apply.protected import Protected
from pattern_operator.apply.prune import PruneResult, prune
from pattern_operator.apply.result import ApplyFailure, ApplyResult, to_error
from pattern_operator.apply.scope import ScopedObjects, resolve_scope
from pattern_operator.apply.transfer import Transfers
from pattern_operator.apply.wave import waves

__all__ = [
    "FINGERPRINT_BYTES",
    "Applier",
    "ApplyFailure",
    "ApplyResult",
    "Deleter",
    "DriftState",
    "DryRun",
    "FinalizeResult",
    "Health",
    "HealthState",
    "ManagedObjects",
    "Notification",
    "NotificationKind",
    "Owner",
    "Protected",
    "PruneResult",
    "ScopedObjects",
    "Transfers",
    "add_owner_metadata",
    "data_keys",
    "excess_permissions",
    "finalize",
    "health_of",
    "inventory",
    "inventory_objects",
    "nothing_deleted",
    "operator_rbac",
    "owner_id",
    "prune",
    "resolve_scope",
    "to_error",
    "waves",
]
