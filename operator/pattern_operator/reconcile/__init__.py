"""One pattern at a time: the steps in order, the queue that runs them, and the one place that writes status.

``Patterns`` is what the watch told, ``Queue`` decides who is next, ``Reconciler.run`` is one run: it goes the
``steps``, which are given the ``Rim`` (registries, cluster, time) and return a ``Progress``; ``status`` turns that into
conditions and ``Writer`` writes them. ``Memory`` is what lets a run with nothing new ask nobody; it can be lost at any
time.
"""

from pattern_operator.reconcile.awaited import AwaitedKinds
from pattern_operator.reconcile.awaiting import Awaited
from pattern_operator.reconcile.existence import Existence, Restored
from pattern_operator.reconcile.explaining import Explainer
from pattern_operator.reconcile.holders import Holders
from pattern_operator.reconcile.line import Line
from pattern_operator.reconcile.memory import Memory
from pattern_operator.reconcile.owning import note_change
from pattern_operator.reconcile.patterns import PatternKey, Patterns
from pattern_operator.reconcile.queue import Queue
from pattern_operator.reconcile.reconciler import Reconciler
from pattern_operator.reconcile.referents import Referents
from pattern_operator.reconcile.rim import Registries, Rim
from pattern_operator.reconcile.tenancy import Tenancy
from pattern_operator.reconcile.waking import Waker
from pattern_operator.reconcile.writer import Writer

__all__ = [
    "Awaited",
    "AwaitedKinds",
    "Existence",
    "Explainer",
    "Holders",
    "Line",
    "Memory",
    "PatternKey",
    "Patterns",
    "Queue",
    "Reconciler",
    "Referents",
    "Registries",
    "Restored",
    "Rim",
    "Tenancy",
    "Waker",
    "Writer",
    "note_change",
]
