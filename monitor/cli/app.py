"""The commands put together, and what becomes of their errors. Knows no command's arguments."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

from monitor.cli import (
    budget,
    check,
    compare,
    evaluate,
    events,
    feedback,
    keeping,
    models,
    promote,
    replay,
    run,
    scan,
    sinks,
    web,
)
from monitor.cli.terms import EXIT_FAILED, EXIT_OK, EXIT_USAGE, FailedError, examples, say

app = typer.Typer(
    name="rareframe",
    help="Watches live cameras, learns online what is normal on each, and tells people about rare frames.",
    no_args_is_help=False,
    rich_markup_mode=None,  # plain help and errors of one line, also where they are piped
    pretty_exceptions_enable=False,
)
app.command("run", epilog=run.EXAMPLES)(run.run)
app.command("check", epilog=check.EXAMPLES)(check.check)
app.command("scan", epilog=scan.EXAMPLES)(scan.scan)
app.command("evaluate", epilog=evaluate.EXAMPLES)(evaluate.evaluate)
app.command("budget", epilog=budget.EXAMPLES)(budget.budget)
app.command("compare", epilog=compare.EXAMPLES)(compare.compare)
app.command("promote", epilog=promote.EXAMPLES)(promote.promote)
app.command("models", epilog=models.EXAMPLES)(models.models)
app.command("rollback", epilog=models.ROLL_BACK_EXAMPLES)(models.roll_back)
app.command("replay", epilog=replay.EXAMPLES)(replay.replay)
events.app.command("protect", epilog=keeping.PROTECT_EXAMPLES)(keeping.protect)
events.app.command("unprotect", epilog=keeping.UNPROTECT_EXAMPLES)(keeping.unprotect)
events.app.command("delete", epilog=keeping.DELETE_EXAMPLES)(keeping.delete)
events.app.command("feedback", epilog=feedback.GIVE_EXAMPLES)(feedback.give)
app.add_typer(events.app, name="events")
app.add_typer(feedback.app, name="feedback")
app.add_typer(sinks.app, name="sinks")
app.add_typer(web.app, name="web")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rareframe {importlib.metadata.version('rareframe')}")
        raise typer.Exit


@app.callback(
    epilog=examples(
        "rareframe run", "rareframe run --source rtsp://10.0.0.5/sub", "rareframe scan street.mp4 --out report"
    )
)
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 it went well, 1 it failed, 2 wrong usage or configuration."""
    sys.exit(_outcome(arguments))


def _outcome(arguments: Sequence[str] | None) -> int:
    try:
        result = app(args=None if arguments is None else list(arguments), prog_name="rareframe", standalone_mode=False)
    except TyperException as error:
        message = error.format_message().rstrip(".")
        say(f"rareframe: {message}{'' if message.endswith('?') else ';'} see --help")
        return EXIT_USAGE
    except Abort:
        return EXIT_FAILED
    except KeyboardInterrupt:
        say("rareframe: interrupted")
        return EXIT_FAILED
    except BrokenPipeError:  # `rareframe events list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_OK
    except Exception as error:
        if not _is_told(error):
            raise
        say(str(error) if _is_configuration(error) else f"rareframe: {error}")
        return EXIT_USAGE if _is_configuration(error) else EXIT_FAILED
    code = result if isinstance(result, int) else EXIT_OK
    return EXIT_FAILED if code > EXIT_USAGE else code  # typer's own for Ctrl-C is 130


def _is_told(error: Exception) -> bool:
    """Whether the error's message was written for people: ours were, and the system's. Anything else is a bug."""
    package = type(error).__module__.partition(".")[0]
    return package in {"monitor", "detectors"} or isinstance(error, OSError | FailedError)


def _is_configuration(error: Exception) -> bool:
    """Whether the configuration must change first. Where a module was not imported, it is none of its errors."""
    config, detecting = sys.modules.get("monitor.config"), sys.modules.get("monitor.build.detecting")
    return (config is not None and isinstance(error, config.ConfigError)) or (
        detecting is not None and isinstance(error, detecting.DeviceError)
    )
