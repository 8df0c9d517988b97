"""Metrics, Kubernetes events, logs and health endpoints. A stage has the same name in all of them."""

from pattern_operator.telemetry.events import EventRecorder
from pattern_operator.telemetry.logfields import about, about_name
from pattern_operator.telemetry.logs import configure
from pattern_operator.telemetry.looplag import observe_loop_lag
from pattern_operator.telemetry.metrics import Metrics
from pattern_operator.telemetry.secret_values import NO_MASK, Mask, SecretValues
from pattern_operator.telemetry.server import HealthServer

__all__ = [
    "NO_MASK",
    "EventRecorder",
    "HealthServer",
    "Mask",
    "Metrics",
    "SecretValues",
    "about",
    "about_name",
    "configure",
    "observe_loop_lag",
]
