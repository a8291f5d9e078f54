"""The whole configuration as one frozen tree. Reads no file and no environment; whoever holds it cannot change it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from monitor.config.camera import Camera, CameraSections
from monitor.config.retention import RetentionOptions
from monitor.config.section import FilePath, Name
from monitor.config.service import (
    AlertingOptions,
    BundleOptions,
    CheckpointOptions,
    IpcOptions,
    LoggingOptions,
    SupervisorOptions,
    TransportOptions,
)
from monitor.config.telling import ToldSection


class Config(CameraSections):
    """Everything rareframe is told. The camera sections here are what a camera gets that has none of its own."""

    data_dir: FilePath = Field(
        default=Path("rareframe-data"),
        description="Where events, snapshots and checkpoints are kept. Relative to the working directory.",
    )
    seed: int = Field(
        default=0, ge=0, le=2**32 - 1, description="Seed of everything random: the same frames give the same scores."
    )
    device: Annotated[
        str,
        StringConstraints(pattern=r"^(auto|cpu|cuda:[0-9]{1,3})$"),
        Field(json_schema_extra={"patternErrorMessage": "auto, cpu or cuda:N"}),
    ] = Field(default="auto", description="What the networks run on: auto (a GPU if there is one), cpu or cuda:N.")
    threads: int = Field(
        default=1, ge=1, le=256, description="How many threads each process may compute with. Unit: threads."
    )
    cameras: Mapping[Name, Camera] = Field(
        json_schema_extra={"patternErrorMessage": "at least one camera by its name"},
        description="The cameras by name. Any of the sections capture, analysis, clips, zones, masks, detectors, "
        "budget, threshold, learning, scene, place, rules, episodes and shadow may also stand below a camera, with "
        "only the keys that differ there.",
    )
    transport: TransportOptions = Field(default=IpcOptions(), description="How the processes are joined.")
    alerting: AlertingOptions = Field(default=AlertingOptions(), description="Who is told, and where it can be seen.")
    retention: RetentionOptions = Field(default=RetentionOptions(), description="How long what was stored is kept.")
    supervisor: SupervisorOptions = Field(default=SupervisorOptions(), description="How processes are kept alive.")
    checkpoint: CheckpointOptions = Field(default=CheckpointOptions(), description="How learning outlives a restart.")
    bundles: BundleOptions | None = Field(
        default=BundleOptions(), description="What is kept of each event for `rareframe replay`; null: nothing."
    )
    logging: LoggingOptions = Field(default=LoggingOptions(), description="What the processes say.")

    @field_validator("cameras")
    @classmethod
    def _some(cls, cameras: Mapping[str, Camera]) -> Mapping[str, Camera]:
        if not cameras:
            raise ValueError("expected at least one camera by its name, got none; add one")
        return cameras

    @model_validator(mode="after")
    def _devices_have_one_camera(self) -> Self:
        owners: dict[str, str] = {}
        for name, camera in self.cameras.items():
            if camera.source.startswith("/dev/") and owners.setdefault(camera.source, name) != name:
                raise ValueError(
                    f"cameras.{name}.source: expected a device of its own, got {camera.source}, which camera "
                    f"{owners[camera.source]} has; a device can be opened once, so remove one of the two"
                )
        return self

    @model_validator(mode="after")
    def _sink_names_differ(self) -> Self:
        names = [sink.name for sink in self.alerting.sinks]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise ValueError(
                    f'alerting.sinks.{index}.name: expected each sink\'s own name, got "{name}" again; rename one'
                )
        return self

    @model_validator(mode="after")
    def _filters_name_cameras(self) -> Self:
        for index, sink in enumerate(self.alerting.sinks):
            for camera in (sink.filter.cameras or ()) if isinstance(sink, ToldSection) else ():
                if camera not in self.cameras:
                    raise ValueError(
                        f"alerting.sinks.{index}.filter.cameras: expected cameras of this configuration, "
                        f'got "{camera}"; correct it'
                    )
        return self
