"""The metrics, each with its name and labels."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from pattern_operator.api.condition import ConditionType
from pattern_operator.api.stage import Stage
from pattern_operator.api.trust_policy import TrustPolicyStatus
from pattern_operator.internal_errors import PLACES

PREFIX = "pattern_operator"


class Metrics:
    """All metrics of one operator, in a registry of their own: nothing is global."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._runs = Histogram(
            f"{PREFIX}_reconcile_duration_seconds",
            "How long one run for one pattern took.",
            buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60),
            registry=self.registry,
        )
        self._results = Counter(
            f"{PREFIX}_reconcile_total",
            "Runs by the stage they ended in and the reason; reason is Ready where nothing failed.",
            ("stage", "reason"),
            registry=self.registry,
        )
        self._requests = Counter(
            f"{PREFIX}_api_requests_total",
            "Requests to the API server by verb, resource and HTTP status.",
            ("verb", "resource", "code"),
            registry=self.registry,
        )
        self._patterns = Gauge(
            f"{PREFIX}_patterns", "DesignPatterns by the status of Ready.", ("ready",), registry=self.registry
        )
        self._policies = Gauge(
            f"{PREFIX}_trust_policy_ready",
            "Whether a TrustPolicy can be used: 1, or 0 where nothing can meet it, or that is not known.",
            ("policy",),
            registry=self.registry,
        )
        self._policy_patterns = Gauge(
            f"{PREFIX}_trust_policy_patterns",
            "DesignPatterns of a TrustPolicy; state is covered, passing or failing.",
            ("policy", "state"),
            registry=self.registry,
        )
        self._queued = Gauge(f"{PREFIX}_queue_overdue", "Patterns that wait for a worker.", registry=self.registry)
        self._share = Gauge(
            f"{PREFIX}_queue_largest_share",
            "The part of the workers, 0 to 1, that one namespace or one registry host holds; at 0.75 a namespace has"
            " its share, at 0.875 a host.",
            registry=self.registry,
        )
        self._loop_lag = Histogram(
            f"{PREFIX}_event_loop_lag_seconds",
            "By how much the event loop woke too late, measured 50 times a second.",
            buckets=(0.005, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1, 5),
            registry=self.registry,
        )
        self._loop_held = Histogram(
            f"{PREFIX}_event_loop_held_seconds",
            "How much of the event loop's lag the operator itself worked; the rest is a machine without a free CPU.",
            buckets=(0.005, 0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.5, 1, 5),
            registry=self.registry,
        )
        self._internal_errors = Counter(
            f"{PREFIX}_internal_errors_total",
            "Errors that nobody expected, by where they were contained; the log has each kind of them once.",
            ("where",),
            registry=self.registry,
        )
        self._events_dropped = Counter(
            f"{PREFIX}_events_dropped_total",
            "Kubernetes events that were not written; reason is rate (many of one pattern), full, refused or shutdown.",
            ("reason",),
            registry=self.registry,
        )

        for place in PLACES:
            self._internal_errors.labels(place)

    @contextmanager
    def run(self) -> Iterator[None]:
        """Time one run."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self._runs.observe(time.perf_counter() - begun)

    def record_result(self, stage: Stage, reason: str) -> None:
        """Count how a run ended."""
        self._results.labels(stage.value, reason).inc()

    def internal_error(self, where: str) -> None:
        """Count an unexpected error; ``where`` is one of a few words of this program."""
        self._internal_errors.labels(where).inc()

    def event_dropped(self, reason: str) -> None:
        """Count an event that was not written; the signature is the hook of ``EventRecorder``."""
        self._events_dropped.labels(reason).inc()

    def request(self, verb: str, resource: str, code: int, seconds: float) -> None:
        """Count a request to the API server; the signature is the hook of ``kube.Session``."""
        del seconds
        self._requests.labels(verb, resource, str(code)).inc()

    def loop_lag(self, seconds: float) -> None:
        """Observe how much too late the event loop woke; the signature is the hook of ``observe_loop_lag``."""
        self._loop_lag.observe(seconds)

    def loop_held(self, seconds: float) -> None:
        """Observe how much of that this process worked; the signature is the hook of ``observe_loop_lag``."""
        self._loop_held.observe(seconds)

    def watch_patterns(self, ready: Callable[[str], int], queued: Callable[[], int]) -> None:
        """Read the gauges when they are scraped: ``ready`` counts the patterns whose Ready has a status."""
        for status in ("True", "False", "Unknown"):
            self._patterns.labels(status).set_function(self._contained(partial(ready, status)))
        self._queued.set_function(self._contained(queued))

    def trust_policies(self, statuses: Mapping[str, TrustPolicyStatus]) -> None:
        """Tell how the TrustPolicies stand, by their names; those that are not among them are gone."""
        self._policies.clear()
        self._policy_patterns.clear()
        for policy, status in statuses.items():
            ready = any(each.type == ConditionType.READY and each.status == "True" for each in status.conditions)
            self._policies.labels(policy).set(ready)
            for state in status.patterns.__struct_fields__:
                self._policy_patterns.labels(policy, state).set(getattr(status.patterns, state))

    def watch_share(self, largest: Callable[[], float]) -> None:
        """Read the gauge when it is scraped: the largest part of the workers that somebody holds."""
        self._share.set_function(self._contained(largest))

    def _contained(self, read: Callable[[], float]) -> Callable[[], float]:
        """``read``, whose failure costs its own gauge and not the whole page."""

        def contained() -> float:
            try:
                return read()
            except Exception:  # whatever it is
                self.internal_error("gauge")
                return math.nan

        return contained

    def text(self) -> bytes:
        """All metrics in the text format of Prometheus."""
        return generate_latest(self.registry)
