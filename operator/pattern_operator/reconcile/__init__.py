"""One pattern at a time: the steps in order, the queue that runs them, and the one place that writes status.

``PatternStore`` is what the watch told, ``Queue`` decides who is next, ``Reconciler.run`` is one run: it goes the steps
of ``pipeline``, each of which is given frozen values and the one port that it needs (``Repositories``, ``Cluster``),
and ``summary`` turns their results into status, events, the next ``State`` and when the pattern is due.
``StatusWriter`` writes them. ``State`` is what lets a run with nothing new ask nobody; it can be lost at any time.
"""

from pattern_operator.reconcile.cluster import Cluster
from pattern_operator.reconcile.config_sources import ConfigSources
from pattern_operator.reconcile.deletion_watch import DeletionWatch, Restored
from pattern_operator.reconcile.missing_kinds import MissingKinds
from pattern_operator.reconcile.object_judge import ObjectJudge
from pattern_operator.reconcile.owner_lookup import OwnerLookup
from pattern_operator.reconcile.pattern_change import note_change
from pattern_operator.reconcile.pattern_store import PatternKey, PatternStore
from pattern_operator.reconcile.policies import Policies
from pattern_operator.reconcile.policy_status_writer import PolicyStatusWriter
from pattern_operator.reconcile.prerequisites import Prerequisites
from pattern_operator.reconcile.queue import Queue
from pattern_operator.reconcile.queue_report import QueueReport
from pattern_operator.reconcile.reconciler import Reconciler
from pattern_operator.reconcile.repositories import Registries, Repositories
from pattern_operator.reconcile.run import Ports
from pattern_operator.reconcile.state import State
from pattern_operator.reconcile.status_writer import StatusWriter
from pattern_operator.reconcile.tenancy import Tenancy
from pattern_operator.reconcile.trust_policies import TrustPolicies
from pattern_operator.reconcile.unlisted_report import UnlistedReport
from pattern_operator.reconcile.verdicts import Verdicts
from pattern_operator.reconcile.waking import Waker
from pattern_operator.reconcile.workload_diagnosis import WorkloadDiagnosis

__all__ = [
    "Cluster",
    "ConfigSources",
    "DeletionWatch",
    "MissingKinds",
    "ObjectJudge",
    "OwnerLookup",
    "PatternKey",
    "PatternStore",
    "Policies",
    "PolicyStatusWriter",
    "Ports",
    "Prerequisites",
    "Queue",
    "QueueReport",
    "Reconciler",
    "Registries",
    "Repositories",
    "Restored",
    "State",
    "StatusWriter",
    "Tenancy",
    "TrustPolicies",
    "UnlistedReport",
    "Verdicts",
    "Waker",
    "WorkloadDiagnosis",
    "note_change",
]
