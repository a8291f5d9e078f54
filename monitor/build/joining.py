"""Where the processes of one daemon meet, out of the configuration. Opens nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import assert_never

from monitor.config import Config, ConfigError, IpcOptions, Problem, TcpOptions
from monitor.transport import CurveKey, ipc_endpoint, load_key_file, private_directory


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The four places: the worker takes frames, the supervisor heartbeats, capture requests, alert all else."""

    frames: str
    judgements: str
    heartbeats: str
    requests: str
    key: CurveKey | None = field(repr=False)


def endpoints(config: Config) -> Endpoints:
    """The endpoints of this configuration.

    Raises:
        ConfigError: It leaves open where processes that are started one by one are to meet.
        EndpointError, KeyFileError: The folder or the key cannot be used.
    """
    match config.transport:
        case IpcOptions() as ipc:
            if ipc.dir is None:
                message = "expected a folder where the processes meet, got null; --role needs one, the same for all"
                raise ConfigError((Problem("transport.dir", 0, "", message),))
            folder = private_directory(ipc.dir)
            return Endpoints(
                frames=ipc_endpoint(folder, "frames"),
                judgements=ipc_endpoint(folder, "judgements"),
                heartbeats=ipc_endpoint(folder, "heartbeats"),
                requests=ipc_endpoint(folder, "requests"),
                key=None,
            )
        case TcpOptions() as tcp:
            key = None if tcp.key_file is None else load_key_file(tcp.key_file)
            return Endpoints(tcp.frames, tcp.judgements, tcp.heartbeats, tcp.requests, key=key)
        case _:
            assert_never(config.transport)
