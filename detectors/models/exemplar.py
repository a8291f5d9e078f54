"""How rare what a cell shows was until now, by examples that count their hits. Knows nothing of order in time."""

from __future__ import annotations

import numpy as np

from detectors.base import Floats, Grid, Score, StateDict, StateView
from detectors.models.cells import Numbers
from detectors.models.vectors import ROWS, Vectors, judged_cells, nearest
from detectors.options import ExemplarOptions
from detectors.state import Wanted, fitted, refuse_unless

# An example that counts less than this is forgotten: a single hit, after 4.6 times the memory.
LEAST_HITS = 0.01
# What this share of the first cells stays below is no strangeness at all; told from so many of them.
USUAL = 0.9
USUAL_CELLS = 1000


class Exemplar:
    """A memory of examples by leader clustering (Hartigan 1975, ch. 3), each weighted by its hits.

    A cell within `radius` of an example adds 1 to its hits, and else becomes an example itself. A cell's strangeness is
    √(-2 h² ln Σ wⱼ exp(-dⱼ² / 2h²) / Σ wⱼ), over all examples at distance d with hits w, h the `bandwidth`: about the
    distance to the nearest example where that one is all there is, and more if it was seldom hit. So what was rarely
    seen stays rare after it entered memory. Counted from what all but a tenth of the cells reached that fixed the unit:
    even the commonest cell is one of many, and that common part would drown what differs. Distances are in the unit of
    `Vectors`.

    A poor choice where anomalies are a new order of ordinary things, for many noisy channels (all distances alike), and
    where more than `capacity` different things are ordinary. The grid that fixes the unit brings all examples of those
    before it, once, in 0.1 to 0.5 s. Memory: `capacity` · (d + 2) · 8 bytes, and as much as `Vectors` until then.
    """

    def __init__(self, options: ExemplarOptions, *, seed: int) -> None:
        """Args: options: see there; seed: of the order in which new cells become examples."""
        self._options = options
        self._seed = seed
        self._vectors = Vectors(options)
        self._grids = 0
        self._usual = 0.0
        self._take(np.zeros((0, 0), np.float32), np.zeros(0))

    def score(self, grid: Grid) -> Score:
        """Score in the model's unit, ≥ 0; ValueError as for `learn`."""
        vectors = self._vectors.of(grid)
        if vectors is None:
            return Score(None, None)
        strangeness = np.maximum(self._rarity(vectors) - np.float32(self._usual), 0)
        return judged_cells(grid, strangeness, self._options.top_cells)

    def learn(self, grid: Grid) -> None:
        """Take in the cells that carry evidence; ValueError if not finite or of another size, nothing changed."""
        settled = self._vectors.settled
        vectors = self._vectors.learn(grid)
        if vectors is None or not len(vectors):
            return
        self._grids += 1
        seen = vectors
        examples, hits = self._examples, self._hits * (1 - 1 / self._options.memory)
        if len(examples):
            found, distance = nearest(vectors, examples)
            known = distance < self._options.radius
            hits += np.bincount(found[known], minlength=len(hits))
            vectors = vectors[~known]
        most = self._options.new_per_grid if settled else self._options.capacity
        leaders, their_hits = self._leaders(vectors, most)
        if len(leaders):
            examples = np.concatenate([examples, leaders]) if len(examples) else leaders
            hits = np.concatenate([hits, their_hits])
        stay = np.sort(np.argsort(-hits, kind="stable")[: self._options.capacity])
        stay = stay[hits[stay] >= LEAST_HITS]
        self._take(examples[stay], hits[stay])
        if not settled:
            some = np.random.default_rng(self._seed).permutation(len(seen))[:USUAL_CELLS]
            self._usual = float(np.quantile(self._rarity(seen[some]), USUAL))

    def state(self) -> StateDict:
        """Those of `Vectors`; `examples` (n, d + 2) float32, `hits` (n,) float64, `grids` int64, `usual` float64."""
        return self._vectors.state() | {
            "examples": self._examples.copy(),
            "hits": self._hits.copy(),
            "grids": np.array(self._grids, np.int64),
            "usual": np.array(self._usual, np.float64),
        }

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        vectors = self._vectors.restored(state)
        wanted = {
            "examples": Wanted(np.float32, (None, vectors.depth if vectors.settled else 0)),
            "hits": Wanted(np.float64, (None,)),
            "grids": Wanted(np.int64),
            "usual": Wanted(np.float64),
        }
        new = fitted({name: array for name, array in state.items() if name not in vectors.state()}, wanted)
        count, grids = len(new["hits"]), int(new["grids"])
        fits = len(new["examples"]) == count <= self._options.capacity and (count > 0) == vectors.settled
        refuse_unless(fits, f"at most {self._options.capacity} examples, each with its hits")
        refuse_unless(bool((new["hits"] > 0).all()) and grids >= 0, "hits above 0, a count of at least 0")
        refuse_unless(float(new["usual"]) >= 0, "a usual strangeness of at least 0")
        self._vectors, self._grids, self._usual = vectors, grids, float(new["usual"])
        self._take(new["examples"], new["hits"])

    def _take(self, examples: Floats, hits: Numbers) -> None:
        """Make these the memory, and what scoring needs of them."""
        self._examples, self._hits = examples, hits
        squared_h = self._options.bandwidth**2
        logs = np.log(hits / hits.sum()) if len(hits) else hits
        self._bias = (logs - np.square(examples, dtype=np.float64).sum(axis=1) / (2 * squared_h)).astype(np.float32)
        self._turned = np.ascontiguousarray(examples.T / np.float32(squared_h))  # (D, n)

    def _rarity(self, vectors: Floats) -> Floats:
        """(n,) strangeness of each vector, by blocks that stay in a core's cache."""
        squared_h = self._options.bandwidth**2
        rarity = np.zeros(len(vectors), np.float32)
        for row in range(0, len(vectors), ROWS):
            block = vectors[row : row + ROWS]
            log = block @ self._turned  # (rows, examples)
            log += self._bias  # ln w/Σw - d²/2h², but for |v|²/2h²
            highest = log.max(axis=1)
            log -= highest[:, None]
            total = highest + np.log(np.exp(log, out=log).sum(axis=1))
            rarity[row : row + ROWS] = np.square(block).sum(axis=1) - 2 * squared_h * total
        return np.sqrt(np.maximum(rarity, 0))

    def _leaders(self, vectors: Floats, most: int) -> tuple[Floats, Numbers]:
        """At most `most` new examples among `vectors`, and how many of those each stands for.

        In random order, so that no corner of the picture always comes first.
        """
        rest = vectors[np.random.default_rng((self._seed, self._grids)).permutation(len(vectors))]
        leaders: list[Floats] = []
        hits: list[float] = []
        while len(rest) and len(leaders) < most:
            near = np.square(rest - rest[0]).sum(axis=1) < self._options.radius**2
            leaders.append(rest[0])
            hits.append(float(near.sum()))
            rest = rest[~near]
        return np.array(leaders, np.float32).reshape(-1, vectors.shape[1]), np.array(hits, np.float64)
