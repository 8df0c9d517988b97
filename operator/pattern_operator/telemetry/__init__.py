"""What the operator says about itself: metrics, Kubernetes events, logs. A stage's name is its label everywhere."""

from pattern_operator.telemetry.endpoint import Probes
from pattern_operator.telemetry.events import Recorder
from pattern_operator.telemetry.logfields import about, about_name
from pattern_operator.telemetry.logs import configure
from pattern_operator.telemetry.looplag import observe_loop_lag
from pattern_operator.telemetry.metrics import Metrics

__all__ = ["Metrics", "Probes", "Recorder", "about", "about_name", "configure", "observe_loop_lag"]
