"""What one camera can be told: its source and the sections it may have of its own. Opens nothing.

Every text given as `description` is also the comment in configs/default.yaml and the hover text in editors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator, model_validator

from detectors.options import (
    AutoencoderOptions,
    CnnOptions,
    DeviationOptions,
    ExemplarOptions,
    FeatureOptions,
    LearningOptions,
    MemoryOptions,
    ModelOptions,
    MomentumOptions,
    PixelsOptions,
    RarityOptions,
    ReconstructionOptions,
    SpotOptions,
    ThresholdOptions,
    ThumbnailOptions,
)
from monitor.config.rules import PolygonOption, RuleOptions, checked_masks, checked_rules, checked_zones
from monitor.config.section import EnvironmentName, FilePath, Name, Section
from monitor.redaction import without_credentials

SCHEMES = ("rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "rtp", "srt", "tcp", "udp")


class CaptureOptions(Section):
    """How frames are fetched, and what happens when none come."""

    backend: Literal["auto", "pyav", "opencv"] = Field(
        default="auto", description="What reads the source; auto is pyav, and opencv for what only that can read."
    )
    transport: Literal["tcp", "udp"] = Field(
        default="tcp", description="How RTSP brings the picture; udp loses packets on a busy network."
    )
    open_timeout_s: float = Field(
        default=10.0, gt=0, le=600, description="An attempt to connect is given up after this. Unit: seconds."
    )
    read_timeout_s: float = Field(
        default=5.0,
        gt=0,
        le=600,
        description="A connection that brings nothing for this long is dropped. Unit: seconds.",
    )
    watchdog_s: float = Field(
        default=15.0,
        gt=0,
        le=3600,
        description="A camera without a new frame for this long is blind, whatever its connection says. Unit: seconds.",
    )
    backoff_min_s: float = Field(
        default=1.0, gt=0, le=3600, description="Wait before the first new attempt; doubles with each. Unit: seconds."
    )
    backoff_max_s: float = Field(
        default=60.0,
        gt=0,
        le=86_400,
        description="The longest wait; also the wait after a refused login. Unit: seconds.",
    )

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        if self.watchdog_s <= self.read_timeout_s:
            raise ValueError(
                f"watchdog_s: expected above read_timeout_s ({self.read_timeout_s:g}), "
                f"got {self.watchdog_s:g}; raise it"
            )
        if self.backoff_max_s < self.backoff_min_s:
            raise ValueError(
                f"backoff_max_s: expected at least backoff_min_s ({self.backoff_min_s:g}), "
                f"got {self.backoff_max_s:g}; raise it"
            )
        return self


class AnalysisOptions(Section):
    """Which frames are looked at, and how large."""

    width: int = Field(
        default=360,
        ge=64,
        le=1920,
        description="Frames are scaled to this width, or height if that is more, keeping their shape. Unit: pixels.",
    )
    fps: float = Field(
        default=10.0, gt=0, le=60, description="At most this many are looked at; the rest are skipped. Unit: frames/s."
    )


class ClipOptions(Section):
    """The video clip of an event, and its strongest picture at full size."""

    before_s: float = Field(
        default=5.0,
        ge=0,
        le=60,
        description="Shown before the event begins, and up to the camera's keyframe before that. Unit: seconds.",
    )
    after_s: float = Field(
        default=3.0,
        ge=0,
        le=60,
        description="Shown after its last strange frame; the clip is there so much later. Unit: seconds.",
    )
    longest_s: float = Field(
        default=120.0,
        gt=0,
        le=600,
        description="Of an event that goes on for longer the clip shows its beginning. Unit: seconds.",
    )
    memory_mb: int = Field(
        default=64,
        ge=1,
        le=1024,
        description="So much of the camera's encoded video is kept in memory at most; a clip ends where it would be "
        "more. Unit: MB.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.longest_s < self.before_s + self.after_s:
            raise ValueError(
                f"longest_s: expected at least before_s and after_s together ({self.before_s + self.after_s:g}), "
                f"got {self.longest_s:g}; raise it"
            )
        return self


class DetectorOptions(Section):
    """One detector: what it looks at, and what it learns of that."""

    name: Name = Field(description="What people see it called; each only once on a camera.")
    feature: FeatureOptions = Field(description="What of the picture is looked at.")
    model: ModelOptions = Field(description="What is learned of that, and how strangeness is told.")
    channel: Literal["moving", "scene", "place"] = Field(
        default="moving",
        description="moving: what moves, within seconds. scene: the scene as a whole, within minutes to days. place: "
        "what each place hardly ever shows. Each channel has its own limit.",
    )
    weight: float = Field(
        default=1.0, gt=0, le=1000, description="Its part in its channel's score beside the others. Unit: ratio."
    )
    usual: float | None = Field(
        default=None,
        gt=0,
        le=1e6,
        description="What is high for it on most cameras: where its scale begins, before its first 100 scores show "
        "what is high here; null: not known. Unit: the model's own.",
    )
    every: int = Field(
        default=1,
        ge=1,
        le=100,
        description="It looks at one picture in so many, but where pictures come seldom at least at one a second; "
        "between, its last score holds. Unit: pictures.",
    )


class ShareOptions(Section):
    """How often each channel may alert beside the others; what several see at once counts once."""

    moving: float = Field(default=1.0, gt=0, le=1000, description="What moves. Unit: ratio.")
    scene: float = Field(default=1.0, gt=0, le=1000, description="The scene as a whole. Unit: ratio.")
    place: float = Field(default=4.0, gt=0, le=1000, description="What a place hardly ever shows. Unit: ratio.")


class BudgetOptions(Section):
    """How many alerts people want, and how many while the camera is still being learned."""

    alerts_per_day: float = Field(
        default=3.0,
        ge=0.2,
        le=100,
        description="About so many alerts a day are raised: a few more than the camera's own recent ordinary life "
        "would raise. Below one in two days only what tops all that is remembered is. No cap: a day on which more "
        "happens brings more. Can be changed while it runs (rareframe budget). Unit: alerts/day.",
    )
    early_alerts: int = Field(
        default=3,
        ge=0,
        le=100,
        description="So many are told before twelve hours were seen, marked as still learning; what comes beside them "
        "is stored and listed. Unit: alerts.",
    )
    shares: ShareOptions = Field(default=ShareOptions(), description="How the channels share it.")


class EpisodeOptions(Section):
    """When anomalous frames become one event."""

    open_m: int = Field(
        default=3, ge=1, le=10_000, description="Opens when this many of `open_n` frames are anomalous. Unit: frames."
    )
    open_n: int = Field(
        default=5, ge=1, le=10_000, description="Of so many frames in a row `open_m` must be anomalous. Unit: frames."
    )
    quiet_s: float = Field(
        default=3.0, gt=0, le=86_400, description="Closes when no frame was anomalous for this long. Unit: seconds."
    )
    refractory_s: float = Field(
        default=300.0,
        ge=0,
        le=86_400,
        description="What is strange again within this long after an event closed goes on with that event: one "
        "happening is one event. Unit: seconds.",
    )
    update_s: float = Field(
        default=10.0,
        gt=0,
        le=86_400,
        description="Sinks hear of an open event at most this often, and only if it grew. Unit: seconds.",
    )

    @model_validator(mode="after")
    def _m_of_n(self) -> Self:
        if self.open_m > self.open_n:
            raise ValueError(f"open_m: expected at most open_n ({self.open_n}), got {self.open_m}; lower it")
        return self


class SceneOptions(Section):
    """How the channel `scene` finds its limit, and what it learns; `threshold` and `learning` are `moving`'s."""

    threshold: ThresholdOptions = Field(
        default=SpotOptions(rate=1e-3, warmup=720),
        description="How the limit is found. It is shown the strongest score of each minute of ordinary life, so that "
        "for it one score is one minute.",
    )
    learning: LearningOptions = Field(
        default=LearningOptions(warmup=150, every_s=64.0, settled_every_s=64.0, delay_s=1800.0),
        description="When and from what it learns.",
    )


class PlaceOptions(Section):
    """How the channel `place` finds its limit, and what it learns."""

    threshold: ThresholdOptions = Field(
        default=SpotOptions(rate=1e-3, warmup=720),
        description="How the limit is found. It is shown the strongest score of each minute of ordinary life.",
    )
    learning: LearningOptions = Field(
        # What is new grows less from hour to hour; of the first one, in which all is, levels would be far too high.
        default=LearningOptions(warmup=1800, every_s=2.0, settled_every_s=2.0, delay_s=600.0),
        description="When and from what it learns.",
    )
    context: float = Field(
        default=2.0,
        ge=0,
        le=100,
        description="So many standard deviations of the last five minutes' ordinary scores are taken off: amid a "
        "lively hour, rain or a lamp that flickers only what is stranger than that counts. Unit: standard deviations.",
    )


class ViewOptions(Section):
    """Whether a camera that was moved is noticed."""

    watch: bool = Field(
        default=True,
        description="A camera that is knocked or turned, and shows another view for a minute, is told of and learned "
        "anew; false for one that is turned on purpose.",
    )


DEFAULT_DETECTORS = (
    DetectorOptions(name="speed", feature=MomentumOptions(), model=DeviationOptions(), usual=0.6),
    DetectorOptions(
        name="prediction", feature=PixelsOptions(), model=AutoencoderOptions(), usual=1.2, weight=0.8, every=2
    ),
    DetectorOptions(
        name="appearance",
        feature=CnnOptions(),
        model=ExemplarOptions(top_cells=20),
        usual=0.15,
        weight=0.5,
        every=4,
    ),
    # The units of these two are near their limits, so that both count.
    DetectorOptions(
        name="memory", channel="scene", feature=ThumbnailOptions(), model=MemoryOptions(), usual=0.6, every=5
    ),
    DetectorOptions(
        name="reconstruction",
        channel="scene",
        feature=ThumbnailOptions(),
        model=ReconstructionOptions(),
        usual=5.3,
        every=5,
    ),
    DetectorOptions(
        name="rarity",
        channel="place",
        feature=ThumbnailOptions(width=64, height=32, content="colour"),
        model=RarityOptions(memory=120_000, warmup=900, top_cells=4),
        every=2,
    ),
)


class _PictureSections(Section):
    """Which pictures are looked at, and what of them. Before the judging ones, whose rules speak of zones."""

    capture: CaptureOptions = Field(default=CaptureOptions(), description="How frames are fetched.")
    analysis: AnalysisOptions = Field(default=AnalysisOptions(), description="Which frames are looked at.")
    view: ViewOptions = Field(default=ViewOptions(), description="Whether a camera that was moved is noticed.")
    clips: ClipOptions | None = Field(
        default=ClipOptions(), description="Video clips of events, and their pictures at full size; null: none."
    )
    zones: Mapping[Name, PolygonOption] = Field(
        default={},
        description="Named parts of the picture, for rules: points [x, y] as shares of its width and height, 0 to 1 "
        "from the left and the top.",
        examples=[{"porch": [[0.1, 0.5], [0.6, 0.5], [0.6, 1.0], [0.1, 1.0]]}],
    )
    masks: tuple[PolygonOption, ...] = Field(
        default=(),
        strict=False,
        description="Parts of the picture that nobody looks at, such as a clock in its corner; points as in zones.",
        examples=[[[[0.0, 0.0], [0.3, 0.0], [0.3, 0.06], [0.0, 0.06]]]],
    )

    @field_validator("zones")
    @classmethod
    def _zones_are_areas(cls, zones: Mapping[str, PolygonOption]) -> Mapping[str, PolygonOption]:
        return checked_zones(zones)

    @field_validator("masks")
    @classmethod
    def _masks_leave_something(
        cls, masks: tuple[PolygonOption, ...], info: ValidationInfo
    ) -> tuple[PolygonOption, ...]:
        checked_masks(masks, info.data.get("zones", {}))
        return masks


class JudgingSections(Section):
    """How pictures are judged and when people are told: what a camera's shadow may have of its own."""

    detectors: tuple[DetectorOptions, ...] = Field(
        default=DEFAULT_DETECTORS,
        strict=False,
        description="Who judges the frames. A camera's own list replaces this one as a whole.",
    )
    budget: BudgetOptions | None = Field(
        default=BudgetOptions(),
        description="How many alerts are wanted; null: the thresholds below set the limits, and nothing keeps count.",
    )
    threshold: ThresholdOptions = Field(
        default=SpotOptions(),
        description="How the limit is found above which a fused score is anomalous. It is shown the strongest score of "
        "each second of ordinary life, so that for it one score is one second.",
    )
    learning: LearningOptions = Field(default=LearningOptions(), description="When and from what it learns.")
    scene: SceneOptions = Field(default=SceneOptions(), description="The same for the scene as a whole.")
    place: PlaceOptions = Field(default=PlaceOptions(), description="The same for what a place hardly ever shows.")
    rules: tuple[RuleOptions, ...] = Field(
        default=(),
        strict=False,
        description="What people want to be told of whatever the scores are. A camera's own list replaces this one as "
        "a whole. The zones that a rule speaks of must stand at its place or above it.",
        examples=[
            [
                {
                    "name": "porch_at_night",
                    "when": "porch.motion > 0.05 for 10 s and time between 22:00 and 06:00 and not weekday == sunday",
                    "text": "somebody stays on the porch at night",
                }
            ]
        ],
    )
    episodes: EpisodeOptions = Field(default=EpisodeOptions(), description="When anomalous frames become one event.")

    @field_validator("detectors")
    @classmethod
    def _some_and_names_differ(cls, detectors: tuple[DetectorOptions, ...]) -> tuple[DetectorOptions, ...]:
        if not detectors:
            raise ValueError("expected at least one detector, got none; add one, or leave the key out for the default")
        names = [detector.name for detector in detectors]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise ValueError(f'{index}.name: expected each detector\'s own name, got "{name}" again; rename one')
        return detectors


class CameraSections(JudgingSections, _PictureSections):
    """The sections that stand at the top for all cameras and may stand below one camera for that one alone."""

    shadow: JudgingSections | None = Field(
        default=None,
        description="A second configuration that is tried beside this one on the same pictures and tells nobody: only "
        "the keys that differ, of detectors, budget, threshold, learning, scene, place, rules and episodes. "
        "`rareframe compare` shows what it would have raised; null: none.",
        examples=[{"budget": {"alerts_per_day": 10.0}, "learning": {"accept_after_s": 3600.0}}],
    )

    @field_validator("rules")
    @classmethod
    def _rules_speak_of_what_there_is(
        cls, rules: tuple[RuleOptions, ...], info: ValidationInfo
    ) -> tuple[RuleOptions, ...]:
        if {"zones", "detectors"} <= set(info.data):  # or there is something to mend there first
            checked_rules(rules, info.data["zones"], [detector.name for detector in info.data["detectors"]])
        return rules

    @field_validator("shadow")
    @classmethod
    def _its_rules_speak_of_what_there_is(
        cls, shadow: JudgingSections | None, info: ValidationInfo
    ) -> JudgingSections | None:
        if shadow is not None and "zones" in info.data:
            try:
                checked_rules(shadow.rules, info.data["zones"], [detector.name for detector in shadow.detectors])
            except ValueError as error:
                between = ": " if str(error).startswith("expected") else "."
                raise ValueError(f"rules{between}{error}") from error
        return shadow

    def candidate(self) -> CameraSections | None:
        """These sections as `shadow` would have them: the same pictures, judged its way; None without one."""
        if self.shadow is None:
            return None
        own = {key: getattr(self.shadow, key) for key in JudgingSections.model_fields}
        return self.model_copy(update=own)


class Camera(CameraSections):
    """One camera, with every section filled in."""

    source: str = Field(
        min_length=1,
        json_schema_extra={"patternErrorMessage": "a URL, a file, a folder, a device or demo: as text"},
        description="rtsp://…, http://…, a video file, a folder of pictures, a device (/dev/video0) or demo:",
    )
    user: str | None = Field(default=None, min_length=1, description="Login of the source, if it asks for one.")
    password_env: EnvironmentName | None = Field(
        default=None, description="The environment variable that holds the password of `user`."
    )
    password_file: FilePath | None = Field(
        default=None, description="Or a file whose first line is the password; relative to the working directory."
    )

    @field_validator("source")
    @classmethod
    def _scheme_is_known(cls, source: str) -> str:
        scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", source)
        if scheme and scheme[1].lower() not in SCHEMES:
            raise ValueError(
                f"expected a URL that begins with one of {', '.join(SCHEMES)}, or a path, "
                f'got "{without_credentials(source)}"; change it'
            )
        if scheme and not _host(source):
            raise ValueError(
                f'expected a URL with a host, got "{without_credentials(source)}"; write scheme://host/path'
            )
        return source

    @model_validator(mode="after")
    def _login_fits(self) -> Self:
        if self.password_env is not None and self.password_file is not None:
            raise ValueError("password_file: expected one place for the password, got `password_env` too; remove one")
        if (self.password_env is not None or self.password_file is not None) and self.user is None:
            raise ValueError("user: expected the login that the password belongs to, got none; add `user`")
        if self.user is not None and "://" not in self.source:
            raise ValueError("user: expected a login only with a URL as `source`, got it with another; remove it")
        if self.user is not None and "@" in urlsplit(self.source).netloc:
            raise ValueError("user: expected one login, got another in the URL of `source`; remove one of them")
        return self


def _host(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for a port that is no number
        return parts.hostname
    except ValueError:
        return None
