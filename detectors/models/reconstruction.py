"""An online autoencoder of the whole scene whose score stays in one unit while it goes on learning. Needs torch."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from detectors.base import Floats, Grid, Mask, Score, StateDict, StateView
from detectors.models.cells import Numbers, judged, values_of
from detectors.models.network import LEAK
from detectors.models.replay import Pieces, Replay
from detectors.models.stepwise import LARGEST
from detectors.models.weights import Weights
from detectors.options import ReconstructionOptions
from detectors.state import Wanted, fitted, refuse_unless

# One learned grid in so many becomes a reference instead of being learned.
REFERENCE_EVERY = 5
# Departures from the ordinary enter the network in units of so many tolerances.
UNIT = 10.0
# Values beyond count as this; float16, in which grids are kept, ends soon after.
MOST = 60_000.0


class Reconstruction:
    """Rebuilds a grid from a few numbers; a cell is strange by how much worse that goes than on reference grids.

    A cell with root mean square error e over its channels is log(1 + e² / r²) strange, r = its own error on the
    references + `grid_share` · that of all cells + floor; the value is the mean of the `top_cells` strangest. The
    references are a sample of what was offered for learning, never learned themselves, and the weights that score are
    tried on all of them after each learned grid. So r falls as the network improves, and rises when the scene does: no
    score is compared with those of weights that are gone, and a cell that never goes well (leaves, a lively corner)
    does not always come first.

    Weights are averaged (see `detectors.models.weights`); batches are one new grid and replayed ones, loss Charbonnier.

    A poor choice for things smaller than a cell, where the memory model is far better, and for large grids: dense
    layers of h · w · d · `hidden` numbers, eight times, and (`replay` + `reference`) · h · w · (d + 1) · 2 bytes.
    """

    def __init__(self, options: ReconstructionOptions, *, seed: int, device: str = "cpu") -> None:
        """Args: options: see there; seed: of the first weights and all draws; device: "cpu" or "cuda:N"."""
        self._options = options
        self._seed = seed
        self._device = torch.device(device)
        self._learned = 0
        self._shape = (0, 0, 0)
        self._made: _Made | None = None

    def score(self, grid: Grid) -> Score:
        """Score in nats, ≥ 0; ValueError as for `learn`."""
        layers = self._layers(grid)
        if self._made is None or self._learned < self._options.warmup:
            return Score(None, None)
        square, seen = self._made.squares(layers[None])  # (1, cells) each
        usual, known = self._made.usual
        strangeness = np.where(known, np.log1p(square[0] / usual**2), 0.0)
        shape = grid.mask.shape
        return judged(strangeness.reshape(shape), (known & seen[0]).reshape(shape), self._options.top_cells, np.inf)

    def learn(self, grid: Grid) -> None:
        """Some steps on the grid and others replayed; ValueError if not finite or of another size, nothing changed."""
        layers = self._layers(grid)
        if not grid.mask.any():
            return
        made = self._prepared(grid.values.shape)
        # A generator per grid, so that a restored model draws as the saved one would have.
        rng = np.random.default_rng((self._seed, self._learned))
        if self._learned == 0:
            made.begin(layers)
        made.take(layers, rng, reference=self._learned % REFERENCE_EVERY == REFERENCE_EVERY - 1)
        self._learned += 1

    def state(self) -> StateDict:
        """`shape` (3,) int64; once it is known, `learned` int64, and of weights, replay and references theirs."""
        shape = {"shape": np.array(self._shape, np.int64)}
        if self._made is None:
            return shape
        return {**shape, "learned": np.array(self._learned, np.int64), **self._made.state()}

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        given = {"shape": state["shape"]} if "shape" in state else {}
        height, width, depth = fitted(given, {"shape": Wanted(np.int64, (3,))})["shape"].tolist()
        untaught = max(height, width, depth) == 0
        sane = min(height, width, depth) > 0 and max(height, width, depth) <= LARGEST
        known = self._made is None or self._shape == (height, width, depth)
        refuse_unless(untaught or (sane and known), f"a grid of {self._shape if self._made else 'any sane size'}")
        fresh = Reconstruction(self._options, seed=self._seed, device=self._device.type)
        fresh._device = self._device
        if not untaught:
            counter = {"learned": state["learned"]} if "learned" in state else {}
            fresh._learned = int(fitted(counter, {"learned": Wanted(np.int64)})["learned"])
            refuse_unless(fresh._learned > 0, "a count above 0")
            fresh._prepared((height, width, depth)).restore(state)
        self.__dict__.update(fresh.__dict__)

    def _prepared(self, shape: tuple[int, ...]) -> _Made:
        """What depends on the grid's (h, w, d), made when it is first known."""
        if self._made is None:
            height, width, depth = shape
            self._shape = (height, width, depth)
            self._made = _Made(self._options, self._seed, self._device, self._shape)
        return self._made

    def _layers(self, grid: Grid) -> Floats:
        """(d + 1, h, w) float32: values, 0 where masked, then the mask."""
        values = np.where(grid.mask[..., None], values_of(grid, self._shape).clip(-MOST, MOST), 0.0)
        return np.concatenate([np.moveaxis(values, -1, 0), grid.mask[None]]).astype(np.float32)


class _Dense(nn.Module):
    """An ordinary value for each number, and departures from it through a narrow bottleneck; newborn it says none."""

    def __init__(self, size: int, hidden: int, bottleneck: int, unit: float) -> None:
        super().__init__()
        self.unit = unit
        self.ordinary = nn.Parameter(torch.zeros(size))
        self.encode = nn.Sequential(nn.Linear(size, hidden), nn.LeakyReLU(LEAK), nn.Linear(hidden, bottleneck))
        self.decode = nn.Sequential(nn.Linear(bottleneck, hidden), nn.LeakyReLU(LEAK), nn.Linear(hidden, size))
        for parameter in self.decode[-1].parameters():
            nn.init.zeros_(parameter)

    def forward(self, values: Tensor, mask: Tensor) -> Tensor:
        """Args: values, mask (B, d · h · w). Returns the errors (B, d · h · w), 0 where masked."""
        departure = (values - self.ordinary) * mask / self.unit
        rebuilt: Tensor = self.decode(self.encode(departure))  # (B, d · h · w)
        return (rebuilt - departure) * mask * self.unit


class _Made:
    """What depends on the grid's size: weights, replay, references. Layers are (d + 1, h, w), the mask last."""

    def __init__(
        self, options: ReconstructionOptions, seed: int, device: torch.device, shape: tuple[int, int, int]
    ) -> None:
        self._options = options
        self._device = device
        height, width, depth = shape
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            unit = UNIT * options.tolerance
            network = _Dense(depth * height * width, options.hidden, options.bottleneck, unit).to(device)
        self._weights = Weights(network, rate=options.rate, averaging=options.averaging)
        layers = (depth + 1, height, width)
        self._replay = Replay(options.replay, 1.0, layers)
        self._references = Replay(options.reference, 1.0, layers)
        self._measure()

    @property
    def usual(self) -> tuple[Numbers, Mask]:
        """(cells,) what an error is divided by, > 0; and of which cells it is known."""
        return self._usual, self._known

    def begin(self, layers: Floats) -> None:
        """Take the first grid for ordinary."""
        first = torch.from_numpy(layers[:-1].reshape(-1))

        def set_up(network: _Dense) -> None:
            with torch.no_grad():
                network.ordinary.copy_(first)

        self._weights.begin(set_up)

    def take(self, layers: Floats, rng: np.random.Generator, *, reference: bool) -> None:
        """One more grid, to learn or as a reference."""
        piece = Pieces(layers[None].astype(np.float16), np.zeros((1, 2), np.int32))
        if reference:
            self._references.offer(piece, rng)
        else:
            for _ in range(self._options.steps):
                self._step(piece.joined(self._replay.draw(self._options.batch - 1, rng)))
            self._replay.offer(piece, rng)
        self._measure()

    def squares(self, layers: Floats) -> tuple[Numbers, Mask]:
        """(B, cells) square errors of (B, d + 1, h, w) as the mean over the channels, and the masks."""
        values, mask = self._parted(layers)
        with torch.inference_mode():
            error = self._weights.average(values, mask).double()
        batch, stacked, height, width = layers.shape
        square = error.square().reshape(batch, stacked - 1, height * width).mean(dim=1)
        return square.cpu().numpy(), layers[:, -1].reshape(batch, height * width) > 0

    def state(self) -> StateDict:
        references = {f"reference_{name}": array for name, array in self._references.state().items()}
        return {**self._weights.state(), **self._replay.state(), **references}

    def restore(self, state: StateView) -> None:
        self._weights.restore(state)
        self._replay.restore(state)
        prefix = "reference_"
        self._references.restore({n.removeprefix(prefix): a for n, a in state.items() if n.startswith(prefix)})
        self._measure()

    def _parted(self, layers: Floats) -> tuple[Tensor, Tensor]:
        """(B, d · h · w) values and mask of (B, d + 1, h, w)."""
        both = torch.from_numpy(layers).to(self._device)
        values = both[:, :-1]
        return values.flatten(1), both[:, -1:].expand_as(values).flatten(1)

    def _step(self, pieces: Pieces) -> None:
        values, mask = self._parted(pieces.values.astype(np.float32))
        error = cast(Tensor, self._weights.newest(values, mask))
        smooth = self._options.tolerance
        loss = ((torch.sqrt(error.square() + smooth**2) - smooth) * mask).sum() / mask.sum().clamp(min=1)
        if torch.isfinite(loss):  # a step from elsewhere would put NaN into every weight
            self._weights.step(loss)

    def _measure(self) -> None:
        """Try the weights that score on all references."""
        kept = self._references.kept.values.astype(np.float32)
        square, seen = self.squares(kept)
        count = seen.sum(axis=0)
        self._known: Mask = count > 0
        error = np.sqrt(square.sum(axis=0) / np.maximum(count, 1))  # masked cells have none
        overall = float(error[self._known].mean()) if self._known.any() else 0.0
        self._usual: Numbers = error + self._options.grid_share * overall + self._options.floor
