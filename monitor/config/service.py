"""What the service around the cameras can be told: joining, telling, keeping alive. Opens nothing.

Every text given as `description` is also the comment in configs/default.yaml and the hover text in editors.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from monitor.config.section import FilePath, Section, is_loopback
from monitor.config.sinks import HttpUrl, JsonlSinkOptions, SinkOptions
from monitor.config.web import WebOptions

TcpEndpoint = Annotated[
    str,
    StringConstraints(pattern=r"^tcp://(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+):[0-9]{1,5}$"),
    Field(json_schema_extra={"patternErrorMessage": 'an endpoint such as "tcp://127.0.0.1:5601"'}),
]


class IpcOptions(Section):
    """The processes share a host and a folder of sockets."""

    kind: Literal["ipc"] = "ipc"
    dir: FilePath | None = Field(
        default=None,
        description="Folder of the sockets, closed to other users; null: a temporary one named after `data_dir`.",
    )


class TcpOptions(Section):
    """The processes may run on several hosts."""

    kind: Literal["tcp"] = "tcp"
    frames: TcpEndpoint = Field(default="tcp://127.0.0.1:5601", description="Where the worker takes frames.")
    judgements: TcpEndpoint = Field(
        default="tcp://127.0.0.1:5602", description="Where the alert process takes judgements and reports."
    )
    heartbeats: TcpEndpoint = Field(
        default="tcp://127.0.0.1:5603", description="Where the supervisor takes heartbeats."
    )
    requests: TcpEndpoint = Field(
        default="tcp://127.0.0.1:5604", description="Where the capture process takes requests for clips."
    )
    key_file: FilePath | None = Field(
        default=None, description="Shared key; must be given for an address beyond loopback."
    )

    @model_validator(mode="after")
    def _beyond_loopback_needs_a_key(self) -> Self:
        for key, endpoint in (
            ("frames", self.frames),
            ("judgements", self.judgements),
            ("heartbeats", self.heartbeats),
            ("requests", self.requests),
        ):
            if self.key_file is None and not is_loopback(endpoint.removeprefix("tcp://")):
                raise ValueError(
                    f'{key}: expected an address of this host such as tcp://127.0.0.1:5601, got "{endpoint}" '
                    "without a `key_file`; add one"
                )
        return self


TransportOptions = Annotated[IpcOptions | TcpOptions, Field(discriminator="kind")]


class NoticeOptions(Section):
    """When people are told of trouble: a camera offline, a process down, the disk nearly full, a sink that fails."""

    after_s: float = Field(
        default=30.0, ge=0, le=86_400, description="Trouble is told once it lasted for so long. Unit: seconds."
    )
    over_s: float = Field(
        default=30.0, ge=0, le=86_400, description="And its end once it was gone for so long. Unit: seconds."
    )


class AlertingOptions(Section):
    """Who is told, and where it can be seen."""

    sinks: tuple[SinkOptions, ...] = Field(
        default=(JsonlSinkOptions(),), strict=False, description="Who is told of events, beside the store."
    )
    public_url: HttpUrl | None = Field(
        default=None, description="How people reach the web server, for links in what they are told; null: no links."
    )
    notices: NoticeOptions = Field(default=NoticeOptions(), description="When people are told of trouble.")
    web: WebOptions = Field(default=WebOptions(), description="The dashboard, the API and /metrics.")


class SupervisorOptions(Section):
    """How the processes are kept alive."""

    start_s: float = Field(
        default=60.0,
        gt=0,
        le=3600,
        description="A process that sends no heartbeat this long after its start is restarted, and has twice as long "
        "then, up to 16 times. Unit: seconds.",
    )
    silent_s: float = Field(
        default=30.0,
        gt=0,
        le=3600,
        description="A process whose work made no progress for this long is restarted. Unit: seconds.",
    )
    backoff_min_s: float = Field(
        default=0.5, gt=0, le=3600, description="Wait before the first restart; doubles with each. Unit: seconds."
    )
    backoff_max_s: float = Field(default=60.0, gt=0, le=86_400, description="The longest wait. Unit: seconds.")
    healthy_s: float = Field(
        default=60.0,
        gt=0,
        le=86_400,
        description="After this long without a fault the wait starts over. Unit: seconds.",
    )
    stop_s: float = Field(
        default=10.0, gt=0, le=600, description="Each process has this long to stop before it is killed. Unit: seconds."
    )

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        if self.backoff_max_s < self.backoff_min_s:
            raise ValueError(
                f"backoff_max_s: expected at least backoff_min_s ({self.backoff_min_s:g}), "
                f"got {self.backoff_max_s:g}; raise it"
            )
        return self


class CheckpointOptions(Section):
    """How what was learned outlives a restart."""

    every_s: float = Field(
        default=300.0, gt=0, le=86_400, description="What was learned is saved this often. Unit: seconds."
    )
    keep: int = Field(
        default=3,
        ge=2,
        le=1000,
        description="How many are kept per camera, so that there is an older one if the newest is broken. Unit: files.",
    )
    keep_daily: int = Field(
        default=7,
        ge=0,
        le=1000,
        description="How many dated snapshots of each day are kept per camera beside them, to roll back to. "
        "Unit: files.",
    )
    keep_before: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="The same of those made before a change: before a new normal is learned, a new view, a roll-back. "
        "Unit: files.",
    )


class BundleOptions(Section):
    """What is kept of an event so that it can be judged again: its first frames, lossless, and what the models knew."""

    before_s: float = Field(
        default=1.0,
        ge=0,
        le=30,
        description="Frames of so long before the first strange one go with it, as far as 128 MB of pixels hold them. "
        "In memory all the time; a second at 10 frames/s and 360 × 240 is 2.6 MB. Unit: seconds.",
    )
    most_s: float = Field(
        default=6.0,
        gt=0,
        le=60,
        description="Frames of so long from the first strange one on, as far as 256 MB of pixels hold them. An event's "
        "file has some 10 MB. Unit: seconds.",
    )


class LoggingOptions(Section):
    """What the processes say."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least grave messages that are still written."
    )
    format: Literal["auto", "json", "text"] = Field(
        default="auto", description="auto is text on a terminal and one JSON object a line elsewhere."
    )
    dir: FilePath | None = Field(
        default=None,
        description="Folder for one bounded file per process; null: standard error. Relative to the working directory.",
    )
