"""One pattern at a time: the steps in order, the queue that runs them, and the one place that writes status.

``Patterns`` is what the watch told, ``Queue`` decides who is next, ``Reconciler.run`` is one run: it goes the steps of
``pipeline``, each of which is given frozen values and the one port that it needs (``Repositories``, ``Cluster``), and
``summary`` turns their results into status, events, the next ``State`` and when the pattern is due. ``Writer`` writes
them. ``State`` is what lets a run with nothing new ask nobody; it can be lost at any time.
"""

from pattern_operator.reconcile.awaited import AwaitedKinds
from pattern_operator.reconcile.awaiting import Awaited
from pattern_operator.reconcile.cluster import Cluster
from pattern_operator.reconcile.existence import Existence, Restored
from pattern_operator.reconcile.explaining import Explainer
from pattern_operator.reconcile.holders import Holders
from pattern_operator.reconcile.line import Line
from pattern_operator.reconcile.owning import note_change
from pattern_operator.reconcile.patterns import PatternKey, Patterns
from pattern_operator.reconcile.queue import Queue
from pattern_operator.reconcile.reconciler import Reconciler
from pattern_operator.reconcile.referents import Referents
from pattern_operator.reconcile.repositories import Registries, Repositories
from pattern_operator.reconcile.run import Ports
from pattern_operator.reconcile.state import State
from pattern_operator.reconcile.tenancy import Tenancy
from pattern_operator.reconcile.waking import Waker
from pattern_operator.reconcile.writer import Writer

__all__ = [
    "Awaited",
    "AwaitedKinds",
    "Cluster",
    "Existence",
    "Explainer",
    "Holders",
    "Line",
    "PatternKey",
    "Patterns",
    "Ports",
    "Queue",
    "Reconciler",
    "Referents",
    "Registries",
    "Repositories",
    "Restored",
    "State",
    "Tenancy",
    "Waker",
    "Writer",
    "note_change",
]
