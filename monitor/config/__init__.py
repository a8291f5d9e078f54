"""YAML in, one frozen typed tree out, or one error that says where. Loading probes nothing and creates nothing."""

from monitor.config.camera import (
    AnalysisOptions,
    BudgetOptions,
    Camera,
    CameraSections,
    CaptureOptions,
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
    JsonlSinkOptions,
    LoggingOptions,
    NoticeOptions,
    SinkOptions,
    SupervisorOptions,
    TcpOptions,
    TransportOptions,
    WebhookSinkOptions,
    WebOptions,
)
from monitor.config.text import ConfigError, Problem
from monitor.config.tree import Config

__all__ = [
    "AlertingOptions",
    "AnalysisOptions",
    "BudgetOptions",
    "Camera",
    "CameraSections",
    "CaptureOptions",
    "CheckpointOptions",
    "Config",
    "ConfigError",
    "DetectorOptions",
    "EpisodeOptions",
    "IpcOptions",
    "JsonlSinkOptions",
    "JudgingSections",
    "LoggingOptions",
    "NoticeOptions",
    "Problem",
    "RuleOptions",
    "SinkOptions",
    "SupervisorOptions",
    "TcpOptions",
    "TransportOptions",
    "WebOptions",
    "WebhookSinkOptions",
    "checkpoint_dir",
    "demo",
    "dump",
    "load",
    "load_text",
    "log_dir",
    "of_source",
    "read_secret",
    "socket_dir",
    "store_path",
]
