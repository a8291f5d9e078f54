"""The daemon's one `/metrics`, fed by typed values; the only import of prometheus_client. Listens on no port.

Totals that other processes count restart with their `boot`; what is exported from them never falls while this process
lives, and is absent, not 0, until they were heard: after a restart of this process Prometheus then sees no reset.
Labels are bounded: a camera, process or sink that the configuration does not name is left out.
"""

from monitor.metrics.clips import ClipMetrics
from monitor.metrics.deliveries import DeliveryMetrics, Outcome
from monitor.metrics.events import EventMetrics
from monitor.metrics.exposition import Metrics, new_registry
from monitor.metrics.shadows import ShadowMetrics
from monitor.metrics.stages import Stage, StageMetrics

__all__ = [
    "ClipMetrics",
    "DeliveryMetrics",
    "EventMetrics",
    "Metrics",
    "Outcome",
    "ShadowMetrics",
    "Stage",
    "StageMetrics",
    "new_registry",
]
