"""An online convolutional autoencoder that predicts what comes next. The only model here that needs torch.

Three habits make it work while it goes on learning (measured on UCSD Ped2, see docs/detection.md): errors saturate, so
that a low-contrast cart counts like a bright shirt; it learns pieces round what moves, because the rest of a fixed
camera's picture is easy; and averaged weights score, the newest ones only learn.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from detectors.base import Floats, Grid, Score, StateDict, StateError, StateView
from detectors.models.network import STRIDE, Network
from detectors.models.replay import Pieces, Replay, cut
from detectors.options import AutoencoderOptions
from detectors.state import Wanted, fitted, refuse_unless

# Weight of still cells in the loss beside 1 for moving ones: enough to keep the background from drifting.
STILL_WEIGHT = 0.02
# Charbonnier's ε as a share of the tolerance: below it the loss is quadratic.
SMOOTH = 0.5
# A square is never more wrong than this, so that its strangeness stays finite.
MOST_WRONG = 0.999
# No grid is larger: a broken checkpoint must not ask for terabytes.
LARGEST = 4096


class Autoencoder:
    """Predicts the last channel of a grid from the channels before it; of one channel alone, from the place.

    A cell is wrong by e² / (e² + tolerance²), e the prediction's error (Geman & McClure 1985), 0..1. A square whose
    cells are wrong by w on average is -log(1 - w) strange, which unlike w has no ceiling for busy scenes to stick at;
    the score is the mean of the `top_cells` strangest squares. Learning is one Adam step (Kingma & Ba 2015) on a batch
    of pieces, new and replayed; the weights that score are an exponential average of those that learn (Polyak &
    Juditsky 1992).

    A poor choice for things that move as others do but look wrong, and below about 3 frames/s, where nothing can be
    predicted and it falls back to frame difference. Memory: `replay` · d · crop² · 2 bytes and about 1 MB.
    """

    def __init__(self, options: AutoencoderOptions, *, seed: int, device: str = "cpu") -> None:
        """Args: options: see there; seed: of the first weights and all draws; device: "cpu" or "cuda:N"."""
        self._options = options
        self._seed = seed
        self._device = torch.device(device)
        self._learned = 0
        self._shape: tuple[int, int, int] | None = None

    def score(self, grid: Grid) -> Score:
        """Score in nepers, 0..7; ValueError as for `learn`."""
        values = self._checked(grid)
        if self._learned < self._options.warmup or not grid.mask.any():
            return Score(None, None)
        padded = torch.from_numpy(_padded(values)).to(self._device)[None]  # (1, d, H, W)
        with torch.inference_mode():
            error = self._average(padded[:, :-1], self._place) - padded[:, -1:]  # (1, 1, H, W)
        height, width = grid.mask.shape
        square = np.square(error[0, 0, :height, :width].cpu().numpy())
        wrong = np.where(grid.mask, square / (square + self._options.tolerance**2), 0).astype(np.float32)
        return self._pooled(wrong)

    def learn(self, grid: Grid) -> None:
        """One step on pieces of the grid and of the past; ValueError if not finite or of another size."""
        values = self._checked(grid)
        if self._shape is None:
            self._prepare((values.shape[1], values.shape[2], values.shape[0]))
        # A generator per step, so that a restored model draws as the saved one would have.
        rng = np.random.default_rng((self._seed, self._learned))
        fresh = cut(_padded(values), self._options.batch, self._crop, self._options.tolerance, rng)
        if self._step(fresh, rng):
            self._replay.offer(fresh, rng)
        self._learned += 1

    def state(self) -> StateDict:
        """Flat weights, averages and Adam moments (n,) float32, the replayed pieces, and counters."""
        if self._shape is None:
            return {"shape": np.zeros(3, np.int64)}
        moments = [self._adam.state.get(p, {}) for p in self._network.parameters()]
        zeros = [torch.zeros_like(p) for p in self._network.parameters()]
        return {
            "shape": np.array(self._shape, np.int64),
            "learned": np.array(self._learned, np.int64),
            "weights": _flat(self._network.parameters()),
            "average": _flat(self._average.parameters()),
            "first_moment": _flat(m.get("exp_avg", z) for m, z in zip(moments, zeros, strict=True)),
            "second_moment": _flat(m.get("exp_avg_sq", z) for m, z in zip(moments, zeros, strict=True)),
            **self._replay.state(),
        }

    def restore(self, state: StateView) -> None:
        """Go on from `state`; StateError if it does not fit, nothing changed."""
        given = {"shape": state["shape"]} if "shape" in state else {}
        height, width, channels = fitted(given, {"shape": Wanted(np.int64, (3,))})["shape"].tolist()
        untaught = max(height, width, channels) == 0
        known = self._shape is None or self._shape == (height, width, channels)
        sane = min(height, width, channels) > 0 and max(height, width, channels) <= LARGEST
        refuse_unless(untaught or (known and sane), f"a grid of {self._shape or 'any sane size'}")
        fresh = Autoencoder(self._options, seed=self._seed, device=str(self._device))
        if not untaught:
            fresh._prepare((height, width, channels))
            fresh._fill(state)
        self.__dict__.update(fresh.__dict__)

    def _prepare(self, shape: tuple[int, int, int]) -> None:
        """Everything that depends on the grid's (h, w, d)."""
        height, width, channels = shape
        options = self._options
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._seed)
            self._network = Network(channels - 1, options.width, options.bottleneck).to(self._device)
        self._average = copy.deepcopy(self._network).eval().requires_grad_(False)
        self._adam = torch.optim.Adam(self._network.parameters(), lr=options.rate)
        padded = (-height % STRIDE + height, -width % STRIDE + width)
        self._place = _place(*padded).to(self._device)[None]  # (1, 2, H, W)
        self._crop = min(options.crop - options.crop % STRIDE, *padded)
        self._replay = Replay(options.replay, options.renewal, (channels, self._crop, self._crop))
        self._shape = shape

    def _checked(self, grid: Grid) -> Floats:
        """The grid as (d, h, w) float32, masked cells 0, so that they tell nothing."""
        height, width, channels = grid.values.shape
        if self._shape is not None and grid.values.shape != self._shape:
            msg = (
                f"grid: expected {self._shape} as learned before, got {grid.values.shape}; use one model per grid size"
            )
            raise ValueError(msg)
        if grid.mask.shape != (height, width):
            msg = f"grid: expected a mask of {(height, width)}, got {grid.mask.shape}; build both from the same cells"
            raise ValueError(msg)
        if not np.isfinite(grid.values).all():
            msg = f"grid: expected finite values in all {channels} channels, got NaN or infinity; look at the feature"
            raise ValueError(msg)
        return np.where(grid.mask, np.moveaxis(grid.values, -1, 0), np.float32(0)).astype(np.float32)

    def _step(self, fresh: Pieces, rng: np.random.Generator) -> bool:
        """One step on a third new and two thirds replayed pieces, as far as there are any; False if there was none."""
        new = max(1, self._options.batch // 3) if self._replay.count else self._options.batch
        pieces = fresh.first(new).joined(self._replay.draw(self._options.batch - new, rng))
        values = torch.from_numpy(pieces.values.astype(np.float32)).to(self._device)  # (B, d, c, c)
        past, now = values[:, :-1], values[:, -1:]
        place = torch.stack(
            [self._place[0, :, y : y + self._crop, x : x + self._crop] for y, x in pieces.at]
        )  # (B, 2, c, c)
        error = self._network(past, place) - now
        loss = (torch.sqrt(error.square() + (SMOOTH * self._options.tolerance) ** 2) * self._weight(past, now)).mean()
        if not torch.isfinite(loss):
            return False  # a step from here would put NaN into every weight
        self._adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch does not type it
        self._adam.step()
        keep = min(self._options.averaging, 1 - 1 / (self._learned + 2))
        with torch.no_grad():
            for average, newest in zip(self._average.parameters(), self._network.parameters(), strict=True):
                average.lerp_(newest, 1 - keep)
        return True

    def _weight(self, past: Tensor, now: Tensor) -> Tensor:
        """(B, 1, c, c) weights of mean 1: moving cells and their neighbours much, still ones little."""
        before = past[:, -1:] if past.shape[1] else torch.zeros_like(now)
        moving = ((now - before).abs() > self._options.tolerance).float()
        weight = nn.functional.max_pool2d(moving, 5, stride=1, padding=2) + STILL_WEIGHT
        return weight / weight.mean()

    def _pooled(self, wrong: Floats) -> Score:
        """Means over squares, half overlapping; the heatmap has one for each cell of the grid."""
        cell = min(self._options.cell, *wrong.shape)
        share = cv2.blur(wrong, (cell, cell), borderType=cv2.BORDER_CONSTANT).clip(0, MOST_WRONG)
        heatmap: Floats = -np.log1p(-share)
        height, width = wrong.shape
        half, stride = cell // 2, max(1, cell // 2)
        squares = heatmap[half : height - cell + half + 1 : stride, half : width - cell + half + 1 : stride]
        top = min(self._options.top_cells, squares.size)
        strongest = np.partition(squares, squares.size - top, axis=None)[squares.size - top :]
        return Score(float(strongest.mean(dtype=np.float64)), heatmap)

    def _fill(self, state: StateView) -> None:
        """Put saved arrays into a prepared model; StateError if one is missing or does not fit."""
        try:
            self._learned = int(fitted({"learned": state["learned"]}, {"learned": Wanted(np.int64)})["learned"])
            refuse_unless(self._learned >= 0, "a count of at least 0")
            _unflat(self._network.parameters(), state["weights"])
            _unflat(self._average.parameters(), state["average"])
            for key, name in (("exp_avg", "first_moment"), ("exp_avg_sq", "second_moment")):
                moments = [torch.zeros_like(p) for p in self._network.parameters()]
                _unflat(iter(moments), state[name])
                for parameter, moment in zip(self._network.parameters(), moments, strict=True):
                    self._adam.state[parameter][key] = moment
            for parameter in self._network.parameters():
                self._adam.state[parameter]["step"] = torch.tensor(float(self._learned))
        except KeyError as error:
            msg = f"state: expected an array named {error}, got none; start afresh or load an older checkpoint"
            raise StateError(msg) from error
        self._replay.restore(state)


def _padded(values: Floats) -> Floats:
    """(d, h, w) repeated at the lower and right edge up to multiples of the network's stride."""
    _, height, width = values.shape
    return np.pad(values, ((0, 0), (0, -height % STRIDE), (0, -width % STRIDE)), mode="edge")


def _place(height: int, width: int) -> Tensor:
    """(2, height, width): row and column of each cell, -0.5..0.5."""
    rows, columns = torch.meshgrid(torch.arange(height) / height, torch.arange(width) / width, indexing="ij")
    return torch.stack([rows, columns]) - 0.5


def _flat(tensors: Iterator[nn.Parameter] | Iterator[Tensor]) -> npt.NDArray[np.float32]:
    return torch.cat([t.detach().cpu().reshape(-1) for t in tensors]).numpy()


def _unflat(tensors: Iterator[nn.Parameter] | Iterator[Tensor], flat: npt.NDArray[np.generic]) -> None:
    """Copy a flat array into tensors in place; StateError if the sizes differ or numbers are not finite."""
    targets = list(tensors)
    wanted = sum(t.numel() for t in targets)
    if flat.dtype != np.float32 or flat.shape != (wanted,) or not np.isfinite(flat).all():
        msg = f"state: expected {wanted} finite float32 weights, got {flat.dtype} {flat.shape}; it is another network's"
        raise StateError(msg)
    at = 0
    with torch.no_grad():
        for target in targets:
            target.copy_(torch.from_numpy(np.array(flat[at : at + target.numel()])).reshape(target.shape))
            at += target.numel()
