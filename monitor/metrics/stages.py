"""How long each stage on a frame's route takes, all cameras and sinks together."""

from __future__ import annotations

from enum import StrEnum

from prometheus_client import CollectorRegistry, Histogram

# From the half millisecond that a small step takes to the time-outs of sinks.
_STAGE_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0)


class Stage(StrEnum):
    """A part of the route. Decoding is none: libav does it while it waits for the network."""

    SCALE = "scale"  # a decoded picture becomes BGR at analysis size
    TRANSPORT = "transport"  # between the processes, both ways, waiting in queues included; live frames only
    JUDGE = "judge"  # computing the judgement
    DECIDE = "decide"  # whether people are to be told
    STORE = "store"  # writing what they are told
    DELIVER = "deliver"  # one attempt to tell a sink that went well


class StageMetrics:
    """Durations of stages. May be told from several threads."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._took = Histogram(
            "rareframe_stage_duration_seconds",
            "Time that one stage took, for a frame or a telling.",
            ["stage"],
            buckets=_STAGE_S,
            registry=registry,
        )
        for stage in Stage:
            self._took.labels(stage.value)

    def took(self, stage: Stage, seconds: float) -> None:
        """It took so long, once; less than nothing, as clocks of two hosts may differ, counts as nothing."""
        self._took.labels(stage.value).observe(max(0.0, seconds))
