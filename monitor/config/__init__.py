"""YAML in, one frozen typed tree out, or one error that says where. Loading probes nothing and creates nothing."""

from monitor.config.camera import (
    AnalysisOptions,
    BudgetOptions,
    Camera,
    CameraSections,
    CaptureOptions,
    ClipOptions,
    DetectorOptions,
    EpisodeOptions,
    JudgingSections,
)
from monitor.config.dump import dump
from monitor.config.load import demo, load, load_text, of_source
from monitor.config.places import checkpoint_dir, log_dir, socket_dir, store_path
from monitor.config.rules import RuleOptions
from monitor.config.secret import read_secret
from monitor.config.service import (
    AlertingOptions,
    CheckpointOptions,
    IpcOptions,
    LoggingOptions,
    NoticeOptions,
    SupervisorOptions,
    TcpOptions,
    TransportOptions,
)
from monitor.config.sinks import (
    AlertmanagerSinkOptions,
    AppriseSinkOptions,
    HeartbeatSinkOptions,
    JsonlSinkOptions,
    MqttSinkOptions,
    SinkOptions,
    SyslogSinkOptions,
    WebhookSinkOptions,
)
from monitor.config.telling import ToldSection, quiet_spans
from monitor.config.text import ConfigError, Problem
from monitor.config.tree import Config
from monitor.config.web import WebOptions, WebTokenOptions, WebUserOptions

__all__ = [
    "AlertingOptions",
    "AlertmanagerSinkOptions",
    "AnalysisOptions",
    "AppriseSinkOptions",
    "BudgetOptions",
    "Camera",
    "CameraSections",
    "CaptureOptions",
    "CheckpointOptions",
    "ClipOptions",
    "Config",
    "ConfigError",
    "DetectorOptions",
    "EpisodeOptions",
    "HeartbeatSinkOptions",
    "IpcOptions",
    "JsonlSinkOptions",
    "JudgingSections",
    "LoggingOptions",
    "MqttSinkOptions",
    "NoticeOptions",
    "Problem",
    "RuleOptions",
    "SinkOptions",
    "SupervisorOptions",
    "SyslogSinkOptions",
    "TcpOptions",
    "ToldSection",
    "TransportOptions",
    "WebOptions",
    "WebTokenOptions",
    "WebUserOptions",
    "WebhookSinkOptions",
    "checkpoint_dir",
    "demo",
    "dump",
    "load",
    "load_text",
    "log_dir",
    "of_source",
    "quiet_spans",
    "read_secret",
    "socket_dir",
    "store_path",
]
