"""`rareframe replay`: an event's frames judged again. Computes nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.terms import EXIT_FAILED, EXIT_OK, JsonOption, examples

if TYPE_CHECKING:
    from monitor.bundles.archive import Bundle
    from monitor.bundles.manifest import Machine
    from monitor.offline.replay import Replayed

EXAMPLES = examples(
    "rareframe events export 1f0c2a --out event.zip", "rareframe replay event.zip", "rareframe replay event.zip --json"
)
_MOST_SHOWN = 10


def replay(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", dir_okay=False, help="The file of an event.")],
    tolerance: Annotated[
        float, typer.Option("--tolerance", min=0.0, max=1.0, help="How far a score may be off, relative to it.")
    ] = 1e-6,
    as_json: JsonOption = False,
) -> int:
    """Judge an event's frames again and compare each score with what was logged then.

    The frames, what the models knew, what they learned meanwhile and the limits are in the bundle. Exit code 1 if a
    score or verdict is another, or a file in it was changed.
    """
    from monitor.build.replaying import replayed  # noqa: PLC0415 - see the package

    read, here, came = replayed(bundle, tolerance)
    if as_json:
        typer.echo(_json(read, here, came, tolerance))
    for line in () if as_json else _page(read, here, came, tolerance):
        typer.echo(line)
    return EXIT_OK if came.same else EXIT_FAILED


def _page(bundle: Bundle, here: Machine, came: Replayed, tolerance: float) -> Iterator[str]:
    manifest = bundle.manifest
    yield (
        f"camera {manifest.camera}: {came.frames} frames judged again, {came.numbers} numbers compared; "
        f"the largest relative difference is {came.largest:.3g}, allowed are {tolerance:.3g}"
    )
    if came.heard:
        yield f"of {came.heard} of them feedback had a say in the verdict: the numbers compared are those without it"
    for name in came.changed:
        yield f"{name}: was changed since it was written"
    for each in came.differences[:_MOST_SHOWN]:
        yield f"frame {each.seq}: {each.what}: expected {_shown(each.then)}, got {_shown(each.now)}"
    if len(came.differences) > _MOST_SHOWN:
        yield f"… and {len(came.differences) - _MOST_SHOWN} more; --json has them all"
    if came.differences:
        for what, then, now in _machines(manifest.machine, here):
            yield f"{what}: it was written with {then}, here it is {now}"
    yield "the same" if came.same else "not the same"


def _machines(then: Machine, now: Machine) -> Iterator[tuple[str, str, str]]:
    pairs = [(name, told, now.versions.get(name, "none")) for name, told in then.versions.items()]
    pairs += [("processor", then.processor, now.processor), ("device", then.device, now.device)]
    return (pair for pair in pairs if pair[1] != pair[2])


def _shown(value: float | str | None) -> str:
    return "nothing" if value is None else value if isinstance(value, str) else f"{value:.9g}"


def _json(bundle: Bundle, here: Machine, came: Replayed, tolerance: float) -> str:
    import msgspec  # noqa: PLC0415 - see the package

    return msgspec.json.format(
        msgspec.json.encode(
            {
                "camera": bundle.manifest.camera,
                "same": came.same,
                "tolerance": tolerance,
                "frames": came.frames,
                "numbers": came.numbers,
                "largest": came.largest,  # null where only one of two is known
                "changed": came.changed,
                "heard": came.heard,
                "differences": came.differences,
                "written_with": bundle.manifest.machine,
                "judged_with": here,
            }
        ),
        indent=1,
    ).decode()
