"""`rareframe evaluate`: how good are the scores on a labelled set? Measures nothing itself."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.terms import EXIT_OK, MAX_SEED, ConfigOption, SeedOption, examples, offline_config, progress_bar

if TYPE_CHECKING:
    from monitor.offline.evaluate import Progress

MOST_PLANTS = 10_000
PIPED_WIDTH = 110  # columns that the widest table needs; a terminal has its own

EXAMPLES = examples(
    "rareframe evaluate ucsd_ped2",
    "rareframe evaluate ucsd_ped2 --protocol p2 --json result.json",
    "rareframe evaluate ucsd_ped2 --config site.yaml --out pictures",
    "rareframe evaluate five_days --plants 0 --out pictures",
)


class Protocol(StrEnum):
    """What is learned, and when."""

    P1 = "p1"
    P2 = "p2"
    P1_FROZEN = "p1-frozen"


DatasetArgument = Annotated[
    Path,
    typer.Argument(
        metavar="DATASET",
        exists=True,
        file_okay=False,
        help="Folder with test/ and labels.json; train/ and masks/ if there are any.",
    ),
]
ProtocolOption = Annotated[
    Protocol,
    typer.Option(
        "--protocol", help="p1: train then test as one stream; p2: test alone, cold; p1-frozen: learns in train only."
    ),
]
JsonFileOption = Annotated[
    Path | None,
    typer.Option(
        "--json",
        metavar="FILE",
        dir_okay=False,
        allow_dash=True,
        help="Write the figures there as JSON; - is standard output.",
    ),
]


OutOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="DIR", file_okay=False, help="Write the curves there, as evaluation.html."),
]


PlantsOption = Annotated[
    int | None,
    typer.Option(
        "--plants",
        metavar="SEED",
        min=0,
        max=MAX_SEED,
        help="Draw rare happenings into a day or more of unlabelled footage, and tell which are found.",
    ),
]
PlantCountOption = Annotated[
    int, typer.Option("--plant-count", min=1, max=MOST_PLANTS, help="At most so many; they keep 20 minutes apart.")
]


def evaluate(
    dataset: DatasetArgument,
    protocol: ProtocolOption = Protocol.P1,
    config_file: ConfigOption = None,
    seed: SeedOption = None,
    json_file: JsonFileOption = None,
    out: OutOption = None,
    plants: PlantsOption = None,
    plant_count: PlantCountOption = 48,
) -> int:
    """Measure how good the scores are on a labelled set.

    Each frame is scored before it is learned; trivial baselines stand beside the result.
    """
    config = offline_config(config_file, seed, str(dataset))
    from rich.console import Console  # noqa: PLC0415 - see the package

    from detectors.evaluation.protocol import Scheme  # noqa: PLC0415
    from detectors.evaluation.result import as_json  # noqa: PLC0415
    from monitor.build import offline  # noqa: PLC0415
    from monitor.build.planting import Planting  # noqa: PLC0415
    from monitor.offline.evaluate import write_json  # noqa: PLC0415
    from monitor.offline.result_text import print_result  # noqa: PLC0415

    planting = None if plants is None else Planting(plants, plant_count)
    with progress_bar() as show:
        result = offline.evaluate(config, dataset, Scheme(protocol.value), lambda at: show(*_so_far(at)), out, planting)
    if json_file is not None and str(json_file) == "-":
        typer.echo(as_json(result), nl=False)
        return EXIT_OK
    console = Console()
    print_result(result, console if console.is_terminal else Console(width=PIPED_WIDTH))
    if json_file is not None:
        write_json(result, json_file)
    if out is not None:
        typer.echo(f"curves: {out / 'evaluation.html'}")
    return EXIT_OK


def _so_far(at: Progress) -> tuple[float, str]:
    return (at.index - 1) / at.clips, f"{at.clip}, frame {at.frames}"
