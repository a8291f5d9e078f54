"""`rareframe check`: is a configuration right, and do its sources and sinks answer? Changes nothing here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.terms import EXIT_FAILED, EXIT_OK, EXIT_USAGE, JsonOption, examples, say

if TYPE_CHECKING:
    from monitor.config import Config

EXAMPLES = examples(
    "rareframe check site.yaml",
    "rareframe check site.yaml --probe",
    "rareframe check site.yaml --json",
)


def check(
    config_file: Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML file.")],
    probe: Annotated[
        bool, typer.Option("--probe", help="Also open every source and send a test through every sink.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Tell what is wrong with a configuration.

    With --probe also whether each source gives a picture and each sink takes a test, which is marked as one.
    """
    from monitor.config import ConfigError, load  # noqa: PLC0415 - see the package

    try:
        config = load(config_file)
    except ConfigError as error:
        if not as_json:
            raise
        found = [{"file": p.file, "line": p.line, "key": p.path, "message": p.message} for p in error.problems]
        typer.echo(json.dumps({"ok": False, "problems": found, "probes": []}, indent=1))
        return EXIT_USAGE
    probes = _probes(config, aloud=not as_json) if probe else []
    well = all(ok for _, ok, _ in probes)
    if as_json:
        rows = [{"what": what, "ok": ok, "detail": detail} for what, ok, detail in probes]
        typer.echo(json.dumps({"ok": well, "problems": [], "probes": rows}, indent=1))
    elif well:
        cameras = ", ".join(config.cameras)
        typer.echo(f"{config_file}: good; cameras: {cameras}")
        if config.alerting.web.warning:
            say(f"{config_file}: note: {config.alerting.web.warning}")
    else:
        say(f"rareframe: {sum(not ok for _, ok, _ in probes)} of {len(probes)} did not answer")
    return EXIT_OK if well else EXIT_FAILED


def _probes(config: Config, *, aloud: bool) -> list[tuple[str, bool, str]]:
    from monitor.build.probing import probe  # noqa: PLC0415 - see the package

    found = []
    for result in probe(config):
        found.append((result.what, result.ok, result.detail))
        if aloud:
            typer.echo(f"{'ok  ' if result.ok else 'FAIL'}  {result.what}: {result.detail}")
    return found
