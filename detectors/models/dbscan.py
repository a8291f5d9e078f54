"""How far each cell is from where cells kept at random lie densely. The only model here that needs scikit-learn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from sklearn.cluster import DBSCAN  # type: ignore[import-untyped]  # scikit-learn has no types
from sklearn.neighbors import NearestNeighbors  # type: ignore[import-untyped]  # the same

from detectors.base import Floats, Grid, Score, StateDict, StateView
from detectors.models.vectors import Vectors, judged_cells, nearest
from detectors.options import DbscanOptions
from detectors.state import Wanted, fitted, refuse_unless

# No smaller reach, in the model's unit, where most kept cells are equal.
LEAST_EPS = 1e-3


class Dbscan:
    """DBSCAN (Ester et al., KDD 1996) over a bounded reservoir of cells, fitted anew every `refit_every` grids.

    Its core samples, kept cells with `min_samples` within `eps`, are what is normal; clusters and borders are not told
    apart. A cell's strangeness is its distance to the nearest core sample over `eps`: up to 1 it would belong to a
    cluster. Without `eps` given, it is the distance within which `eps_quantile` of the kept cells have their
    `min_samples` (the k-distance plot of the paper, §4.2), fixed by the first fit: a later change would rescale all
    scores. The reservoir is algorithm R (Vitter 1985) with a past that fades by `memory`.

    A poor choice where the ordinary is dense in places and thin in others, since one `eps` holds everywhere, and where
    frames may not wait: a fit takes about 0.1 s for 2,000 cells. Memory: `capacity` · (d + 2) · 8 bytes, and while it
    is fitted at worst 8 · capacity².
    """

    def __init__(self, options: DbscanOptions, *, seed: int) -> None:
        """Args: options: see there; seed: of the draws that decide which cells are kept."""
        self._options = options
        self._seed = seed
        self._vectors = Vectors(options)
        self._kept: Floats = np.zeros((0, 0), np.float32)
        self._cores: Floats = np.zeros((0, 0), np.float32)
        self._eps = 0.0  # 0 before the first fit
        self._offered = 0.0
        self._grids = 0

    def score(self, grid: Grid) -> Score:
        """Score in `eps`, ≥ 0; unknown while no place is dense; ValueError as for `learn`."""
        vectors = self._vectors.of(grid)
        if vectors is None or not len(self._cores):
            return Score(None, None)
        _, distance = nearest(vectors, self._cores)
        return judged_cells(grid, distance / np.float32(self._eps), self._options.top_cells)

    def learn(self, grid: Grid) -> None:
        """Take in the cells that carry evidence; ValueError if not finite or of another size, nothing changed."""
        vectors = self._vectors.learn(grid)
        if vectors is None or not len(vectors):
            return
        self._offer(vectors)
        if self._grids % self._options.refit_every == 0:
            self._fit()
        self._grids += 1

    def state(self) -> StateDict:
        """Those of `Vectors`; `reservoir`, `cores` (n, d + 2) float32; `eps`, `offered` float64; `grids` int64."""
        return self._vectors.state() | {
            "reservoir": self._kept.copy(),
            "cores": self._cores.copy(),
            "eps": np.array(self._eps),
            "offered": np.array(self._offered),
            "grids": np.array(self._grids, np.int64),
        }

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        vectors = self._vectors.restored(state)
        cells = Wanted(np.float32, (None, vectors.depth if vectors.settled else 0))
        number, count = Wanted(np.float64), Wanted(np.int64)
        wanted = {"reservoir": cells, "cores": cells, "eps": number, "offered": number, "grids": count}
        new = fitted({name: array for name, array in state.items() if name not in vectors.state()}, wanted)
        kept, cores, eps = new["reservoir"], new["cores"], float(new["eps"])
        offered, grids = float(new["offered"]), int(new["grids"])
        fits = max(len(kept), len(cores)) <= self._options.capacity and (len(kept) > 0) == vectors.settled
        refuse_unless(fits, f"at most {self._options.capacity} kept cells and cores")
        known = (eps >= LEAST_EPS) == vectors.settled and eps >= 0 and offered >= len(kept) and grids >= 0
        refuse_unless(known, "eps with the kept cells, and counts of at least 0")
        self._vectors, self._kept, self._cores = vectors, kept, cores
        self._eps, self._offered, self._grids = eps, offered, grids

    def _offer(self, vectors: Floats) -> None:
        """Keep all while there is room; afterwards each by chance, in a random one's place."""
        # A generator per grid, so that a restored model draws as the saved one would have.
        rng = np.random.default_rng((self._seed, self._grids))
        room = self._options.capacity - len(self._kept)
        first, rest = vectors[:room], vectors[room:]
        if len(first):
            self._kept = np.concatenate([self._kept, first]) if len(self._kept) else first.copy()
        self._offered = self._offered * (1 - 1 / self._options.memory) + len(vectors)
        taken = rest[rng.random(len(rest)) < self._options.capacity / max(self._offered, self._options.capacity)]
        self._kept[rng.integers(self._options.capacity, size=len(taken))] = taken

    def _fit(self) -> None:
        options = self._options
        if options.eps is not None:
            self._eps = max(options.eps, LEAST_EPS)
        elif self._eps == 0:
            self._eps = max(_k_distance(self._kept, options.min_samples, options.eps_quantile), LEAST_EPS)
        fit = DBSCAN(eps=self._eps, min_samples=options.min_samples).fit(self._kept)
        self._cores = np.ascontiguousarray(self._kept[fit.core_sample_indices_])


def _k_distance(cells: Floats, neighbours: int, quantile: float) -> float:
    """The `quantile` of the cells' distances to their `neighbours`-th nearest cell, each its own first."""
    count = min(neighbours, len(cells))
    distances: npt.NDArray[np.floating] = NearestNeighbors(n_neighbors=count).fit(cells).kneighbors(cells)[0]
    return float(np.quantile(distances[:, -1], quantile))
