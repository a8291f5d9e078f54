"""What each detector of a configuration earns: each left out in turn and each alone, as one markdown table.

    make ablation SET=../shared/data/ucsd_ped2
    make ablation SET=… PROTOCOLS=p1 CHANNEL=moving CONFIG=site.yaml

Every variation learns from nothing. p2 is the mean over four random clip orders, so it takes five runs. Costs are of
this machine and this hour: compare them within one table only. Changes no configuration and ships with nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from detectors.evaluation.protocol import Scheme
from detectors.evaluation.result import Result
from monitor import config
from monitor.build import offline
from monitor.config import Config, DetectorOptions

COLUMNS = ("variation", "p1 micro", "p1 macro", "p1 micro - d12, 95 %", "p1 RBDC", "p1 TBDC", "p1 frozen micro")
COLUMNS += ("p2 micro, 4 orders", "p2 macro, 4 orders", "ms p50", "ms p95", "ms mean")
Evaluate = Callable[[Config, Scheme], Result]


@dataclass(frozen=True, slots=True)
class Variation:
    """The configuration with some of its detectors."""

    name: str
    config: Config


def variations(given: Config, channel: str | None = None) -> Iterator[Variation]:
    """All detectors; all but one, each in turn; each alone. A single detector has nothing to be left out of.

    Args:
        given: The configuration.
        channel: Only its detectors are varied, the others stay; None: all are.
    """
    varied = [each for each in given.detectors if channel in {None, each.channel}]

    def without(left_out: Sequence[DetectorOptions]) -> Config:
        return given.model_copy(update={"detectors": tuple(d for d in given.detectors if d not in left_out)})

    yield Variation("all", given)
    if len(varied) == 1:
        return
    for each in varied:
        yield Variation(f"without {each.name}", without([each]))
    if len(varied) > 2:  # of two, each alone is the other left out
        for alone in varied:
            yield Variation(f"{alone.name} alone", without([each for each in varied if each is not alone]))


def table(given: Config, schemes: Sequence[Scheme], evaluate: Evaluate, channel: str | None = None) -> Iterator[str]:
    """Lines of markdown, each as soon as it is known; what was not asked for is a dash."""
    yield _line(COLUMNS)
    yield _line(("---", *["---:"] * (len(COLUMNS) - 1)))
    for variation in variations(given, channel):
        found = {scheme: evaluate(variation.config, scheme) for scheme in schemes}
        cost = next(iter(found.values())).ms_per_frame
        cells = (*_p1(found.get(Scheme.P1)), *_frozen(found.get(Scheme.P1_FROZEN)), *_p2(found.get(Scheme.P2)))
        yield _line((variation.name, *cells, *(_number(ms, 1) for ms in (cost.p50, cost.p95, cost.mean))))


def _p1(result: Result | None) -> Sequence[str]:
    if result is None:
        return ("-",) * 5
    gap = result.over_d12
    over = "-" if gap is None else f"{gap.mean:+.3f} [{gap.interval.low:+.3f}, {gap.interval.high:+.3f}]"
    return _number(result.auc_micro), _number(result.auc_macro), over, _number(result.rbdc), _number(result.tbdc)


def _frozen(result: Result | None) -> Sequence[str]:
    return ("-",) if result is None else (_number(result.auc_micro),)


def _p2(result: Result | None) -> Sequence[str]:
    orders = None if result is None else result.random_orders
    return ("-", "-") if orders is None else (_number(orders.auc_micro), _number(orders.auc_macro))


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", metavar="SET", type=Path, help="folder of a labelled set")
    parser.add_argument("--config", type=Path, help="instead of the default configuration")
    parser.add_argument("--protocols", nargs="+", type=Scheme, default=[Scheme.P1, Scheme.P2], help="p1 p2 p1-frozen")
    parser.add_argument("--channel", help="vary only the detectors of this one")
    asked = parser.parse_args(arguments)
    given = config.load(asked.config) if asked.config else config.of_source(str(asked.dataset))

    def evaluate(varied: Config, scheme: Scheme) -> Result:
        names = ", ".join(detector.name for detector in varied.detectors)
        sys.stderr.write(f"{scheme.value}: {names}\n")
        return offline.evaluate(varied, asked.dataset, scheme, lambda _: None)

    for line in table(given, asked.protocols, evaluate, asked.channel):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
