"""How far each cell is from the nearest of a few running means. Knows no density between them."""

from __future__ import annotations

import numpy as np

from detectors.base import Floats, Grid, Score, StateDict, StateView
from detectors.models.cells import Numbers
from detectors.models.vectors import Vectors, judged_cells, nearest
from detectors.options import KMeansOptions
from detectors.state import Wanted, fitted, refuse_unless

# Spread that a centre has at least, in the model's unit: one of equal members only would find all else infinitely far.
LEAST_SPREAD = 1e-3
# Cells of the warm-up learned at once: the centres move between such batches.
BATCH = 100


class KMeans:
    """Streaming k-means over the cells' vectors (MacQueen 1967), the centres seeded by k-means++.

    Each cell draws its nearest centre by 1 / hits of that centre, the rate of Sculley (WWW 2010), whose hits fade with
    `memory`, so that the rate has a floor and the centres keep up. A cell's strangeness is its distance to the nearest
    centre in spreads, a spread being that centre's running root mean square distance of its cells plus `typical_share`
    of the mean one: an ordinary cell scores about 1 / (1 + typical_share). Seeding: Arthur & Vassilvitskii, SODA 2007,
    over the cells that fix the unit of `Vectors`.

    A poor choice where what is rare lies near to what is common (`Exemplar` counts how often), for an anomaly that is
    learned again and again (its nearest centre wanders off to it and leaves its own), and where the ordinary is of
    many more kinds than `clusters`. Memory: `clusters` · (d + 2) · 8 bytes, and as much as `Vectors` before that.
    """

    def __init__(self, options: KMeansOptions, *, seed: int) -> None:
        """Args: options: see there; seed: of the choice of the first centres."""
        self._options = options
        self._seed = seed
        self._vectors = Vectors(options)
        self._centres: Numbers = np.zeros((0, 0))
        self._hits: Numbers = np.zeros(0)
        self._variance: Numbers = np.zeros(0)  # mean squared distance of its cells, per centre

    def score(self, grid: Grid) -> Score:
        """Score in spreads, ≥ 0; ValueError as for `learn`."""
        vectors = self._vectors.of(grid)
        if vectors is None:
            return Score(None, None)
        found, distance = nearest(vectors, self._centres.astype(np.float32))
        spread = np.sqrt(self._variance)
        spread = (spread + self._options.typical_share * spread.mean() + LEAST_SPREAD).astype(np.float32)
        return judged_cells(grid, distance / spread[found], self._options.top_cells)

    def learn(self, grid: Grid) -> None:
        """Take in the cells that carry evidence; ValueError if not finite or of another size, nothing changed."""
        settled = self._vectors.settled
        vectors = self._vectors.learn(grid)
        if vectors is None or not len(vectors):
            return
        if settled:
            self._hits *= 1 - 1 / self._options.memory
            self._draw(vectors)
        else:
            self._seed_centres(vectors)

    def state(self) -> StateDict:
        """Those of `Vectors`; `centres` (k, d + 2), `hits` and `variance` (k,), float64."""
        own = {"centres": self._centres.copy(), "hits": self._hits.copy(), "variance": self._variance.copy()}
        return self._vectors.state() | own

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        vectors = self._vectors.restored(state)
        each = Wanted(np.float64, (None,))
        centres = Wanted(np.float64, (None, vectors.depth if vectors.settled else 0))
        own = {name: array for name, array in state.items() if name not in vectors.state()}
        new = fitted(own, {"centres": centres, "hits": each, "variance": each})
        count = len(new["centres"])
        fits = count == len(new["hits"]) == len(new["variance"]) and (count > 0) == vectors.settled
        refuse_unless(fits and count <= self._options.clusters, f"at most {self._options.clusters} centres")
        positive = bool((new["hits"] >= 0).all() and (new["variance"] >= 0).all())
        refuse_unless(positive, "hits and variances of at least 0")
        self._vectors, self._centres, self._hits, self._variance = vectors, *new.values()

    def _draw(self, vectors: Floats) -> None:
        """Draw each centre to the mean of its cells, by the share of these in its hits."""
        found, distance = nearest(vectors, self._centres.astype(np.float32))
        ours = found == np.arange(len(self._centres))[:, None]  # (k, n)
        count = ours.sum(axis=1)
        self._hits += count
        share = np.divide(1.0, self._hits, out=np.zeros_like(self._hits), where=count > 0)  # of one cell
        self._centres += share[:, None] * (ours.astype(np.float32) @ vectors - count[:, None] * self._centres)
        self._variance += share * (ours @ np.square(distance, dtype=np.float64) - count * self._variance)
        np.maximum(self._variance, 0, out=self._variance)  # rounding

    def _seed_centres(self, vectors: Floats) -> None:
        """Choose cells as centres, each by the square of its distance to those before it, and learn them all."""
        rng = np.random.default_rng(self._seed)
        chosen = [int(rng.integers(len(vectors)))]
        squared = np.full(len(vectors), np.inf)
        while len(chosen) < self._options.clusters:
            from_last = np.square(vectors - vectors[chosen[-1]], dtype=np.float64).sum(axis=1)
            squared = np.minimum(squared, from_last)
            if not squared.any():
                break  # fewer kinds of cells than centres
            chosen.append(int(rng.choice(len(vectors), p=squared / squared.sum())))
        self._centres = vectors[chosen].astype(np.float64)
        self._hits, self._variance = np.zeros(len(chosen)), np.zeros(len(chosen))
        for row in range(0, len(vectors), BATCH):
            self._draw(vectors[row : row + BATCH])
