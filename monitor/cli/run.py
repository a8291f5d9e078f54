"""`rareframe run`: the daemon, or one of its processes alone. Starts nothing itself."""

from __future__ import annotations

import os
import secrets
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from monitor.cli.terms import EXIT_OK, DataDirOption, examples

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.terminal import Places

EXAMPLES = examples(
    "rareframe run",
    "rareframe run site.yaml",
    "rareframe run --source rtsp://10.0.0.5/sub",
    "rareframe run site.yaml --role worker",
)


# As in `monitor.roles`, which help must not load.
Role = Literal["capture", "worker", "alert"]


def run(
    config_file: Annotated[
        Path | None,
        typer.Argument(metavar="CONFIG", help="A YAML file; without one, a demo camera.", show_default=False),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", help="Watch this one URL, device, file or folder, with defaults for the rest."),
    ] = None,
    role: Annotated[
        Role | None,
        typer.Option("--role", help="Only this process, in the foreground; something else supervises it."),
    ] = None,
    data_dir: DataDirOption = None,
    log_dir: Annotated[
        Path | None, typer.Option("--log-dir", help="Folder for log files; instead of `logging.dir`.")
    ] = None,
    parent: Annotated[int | None, typer.Option("--parent", hidden=True, help="Stop when this process is gone.")] = None,
    life: Annotated[str | None, typer.Option("--life", hidden=True, help="Names the daemon's life.")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of the live view.")] = False,
) -> int:
    """Watch cameras until Ctrl-C.

    The whole daemon, or with --role one of its processes alone. Without CONFIG and --source: a demo camera.
    """
    if config_file is not None and source is not None:
        raise typer.BadParameter("expected a CONFIG or --source, got both; put the source into the configuration")
    config = _config(config_file, source, data_dir)
    if log_dir is not None:
        config = _logging_to(config, log_dir)
    if role is not None:
        return _alone(role, config, parent, life)
    live = sys.stdout.isatty() and not plain
    if live and config.logging.dir is None:
        from monitor.config import places  # noqa: PLC0415 - see the package

        # Log lines of four processes would tear the picture that the live view draws.
        config = _logging_to(config, places.log_dir(config.data_dir))
    return _daemon(config, live=live)


def _alone(role: Role, config: Config, parent: int | None, life: str | None) -> int:
    from monitor.roles import run_role  # noqa: PLC0415 - see the package

    return run_role(role, _with_sockets(config), parent, uuid.uuid4().hex if life is None else life)


def _config(path: Path | None, source: str | None, data_dir: Path | None) -> Config:
    from monitor import config  # noqa: PLC0415 - see the package

    if path is not None:
        return config.load(path, data_dir=data_dir)
    return config.demo(data_dir=data_dir) if source is None else config.of_source(source, data_dir=data_dir)


def _with_sockets(config: Config) -> Config:
    """Processes started one by one meet in a folder that follows from what all of them are told."""
    from monitor.config import IpcOptions, places  # noqa: PLC0415 - see the package

    if not isinstance(config.transport, IpcOptions) or config.transport.dir is not None:
        return config
    return config.model_copy(update={"transport": IpcOptions(dir=places.socket_dir(config.data_dir))})


def _logging_to(config: Config, folder: Path) -> Config:
    return config.model_copy(update={"logging": config.logging.model_copy(update={"dir": folder})})


def _daemon(config: Config, *, live: bool) -> int:
    from monitor import daemon, terminal  # noqa: PLC0415 - see the package

    config = daemon.with_port(config)
    with terminal.watching(_places(config), tuple(config.cameras), live=live):
        code = daemon.run(config)
    if code == EXIT_OK:
        typer.echo(f"stopped; what was stored: rareframe events list --data-dir {config.data_dir}")
    return code


def _places(config: Config) -> Places:
    """Where the live view asks; where others log in, with a token that lasts as long as this daemon."""
    from monitor.config.places import VIEW_TOKEN_ENV, web_url  # noqa: PLC0415 - see the package
    from monitor.terminal import Places  # noqa: PLC0415

    web, token = config.alerting.web, ""
    if web.users or web.tokens:
        token = os.environ[VIEW_TOKEN_ENV] = secrets.token_hex(32)
    certificate = None if web.tls is None else web.tls.cert_file
    return Places(web_url(web), config.data_dir, config.logging.dir, token, certificate)
