"""An online convolutional autoencoder that predicts what comes next. Needs torch; learns by `Stepwise`.

Three habits make it work while it goes on learning: errors saturate, so
that a low-contrast cart counts like a bright shirt; it learns pieces round what moves, because the rest of a fixed
camera's picture is easy; and averaged weights score, the newest ones only learn.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from detectors.base import Floats, Mask, Score, StateDict, StateView
from detectors.models.network import Network, place
from detectors.models.pretended import pretend
from detectors.models.replay import Pieces, cut
from detectors.models.squares import judged, strangeness, wrongness
from detectors.models.stepwise import Size, Stepwise
from detectors.models.weights import Weights
from detectors.options import AutoencoderOptions

# Weight of still cells in the loss beside 1 for moving ones: enough to keep the background from drifting.
STILL_WEIGHT = 0.02
# Charbonnier's ε as a share of the tolerance: below it the loss is quadratic.
SMOOTH = 0.5


class Autoencoder(Stepwise):
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
        super().__init__(options, partial(_Predicting, options, seed, device), seed=seed)


class _Predicting:
    """See `detectors.models.stepwise.Learner`; its pieces are the grid's channels."""

    def __init__(self, options: AutoencoderOptions, seed: int, device: str, size: Size) -> None:
        self.layers = size.channels
        self._options = options
        self._crop = size.crop
        self._device = torch.device(device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = Network(size.channels - 1, options.width, options.bottleneck).to(self._device)
        self._weights = Weights(network, rate=options.rate, averaging=options.averaging)
        self._place = place(size.height, size.width).to(self._device)[None]  # (1, 2, H, W)

    def score(self, values: Floats, mask: Mask) -> Score:
        picture = torch.from_numpy(values).to(self._device)[None]  # (1, d, H, W)
        with torch.inference_mode():
            error = self._weights.average(picture[:, :-1], self._place) - picture[:, -1:]  # (1, 1, H, W)
        height, width = mask.shape
        square = np.square(error[0, 0, :height, :width].cpu().numpy())
        side = min(self._options.cell, height, width)
        heatmap = strangeness(wrongness(square, mask, self._options.tolerance), side)
        return judged(heatmap, side, self._options.top_cells)

    def cut(self, values: Floats, mask: Mask, rng: np.random.Generator) -> Pieces:
        before = values[-2] if len(values) > 1 else np.zeros_like(values[-1])
        moving = np.abs(values[-1] - before) > self._options.tolerance
        return cut(values, moving, self._options.batch, self._crop, rng)

    def step(self, pieces: Pieces, rng: np.random.Generator) -> bool:
        shown = pretend(pieces.values, self._options.pretended, rng).astype(np.float32)
        values = torch.from_numpy(shown).to(self._device)  # (B, d, c, c)
        past, now = values[:, :-1], values[:, -1:]
        where = torch.stack([self._place[0, :, y : y + self._crop, x : x + self._crop] for y, x in pieces.at])
        error = self._weights.newest(past, where) - now  # (B, 1, c, c)
        loss = (torch.sqrt(error.square() + (SMOOTH * self._options.tolerance) ** 2) * self._weight(past, now)).mean()
        if not torch.isfinite(loss):
            return False  # a step from here would put NaN into every weight
        self._weights.step(loss)
        return True

    def state(self) -> StateDict:
        return self._weights.state()

    def restore(self, state: StateView) -> None:
        self._weights.restore(state)

    def _weight(self, past: Tensor, now: Tensor) -> Tensor:
        """(B, 1, c, c) weights of mean 1: moving cells and their neighbours much, still ones little."""
        before = past[:, -1:] if past.shape[1] else torch.zeros_like(now)
        moving = ((now - before).abs() > self._options.tolerance).float()
        weight = nn.functional.max_pool2d(moving, 5, stride=1, padding=2) + STILL_WEIGHT
        return weight / weight.mean()
