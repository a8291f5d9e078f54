"""An online convolutional variational autoencoder. Needs torch; learns by `Stepwise`; predicts nothing."""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from detectors.base import Floats, Mask, Score, StateDict, StateView
from detectors.models.network import LEAK, PLACE, decoder, encoder
from detectors.models.replay import Pieces, cut
from detectors.models.scene import Scene, cells_of, evidence, layered, robust, tensor_of
from detectors.models.squares import HUGE, judged, strangeness, wrongness
from detectors.models.stepwise import Size, Stepwise
from detectors.models.weights import Weights
from detectors.options import VaeOptions

# Newborn it tells this log-variance: with the 0 of chance, noise would drown what is told, and it would learn nothing
# for hundreds of steps.
FIRST_LOG = -4.0
# The price is full after so many steps, and rises evenly till then: a code that costs before it is of use falls silent
# (Bowman et al. 2016; Sønderby et al. 2016).
FULL_PRICE = 500
# Logarithms of variances are kept within ± this, so that no code is exact or boundless.
MOST_LOG = 8.0


class Vae(Stepwise):
    """Tells each 4×4 cells of a grid in `latent` random numbers (Kingma & Welling 2014) and rebuilds it from them.

    What is told is how the grid departs from the ordinary one (see `Scene`). Learning lowers, per number of the grid,
    the nats of a robust error (see `robust`) and `price` times the nats told, the divergence KL(q(z | x) ‖ N(0, 1)):
    at price 1 the variational bound, else a β-VAE (Higgins et al. 2017). Scoring draws nothing: it rebuilds from the
    mean of the code with averaged weights. A square of cells is -log(1 - w) strange, w the mean of
    e² / (e² + tolerance²) over its cells, e² their mean over the channels, plus `surprise` · log(1 + k), k the mean
    over its cells of the KL of the code that each stands in: what is rebuilt well but at length is strange too. The
    score is the mean of the `top_cells` strangest squares.

    A poor choice where what is strange looks like the ordinary in small (a cart's edges are a walker's): a code for
    each 4×4 cells can be put together to things never seen. Blind to the order of moments unless they are channels.
    Memory: `replay` · (d + 1) · crop² · 2 bytes, 16 bytes per value of a grid, and about 1 MB.
    """

    def __init__(self, options: VaeOptions, *, seed: int, device: str = "cpu") -> None:
        """Args: options: see there; seed: of the first weights and all draws; device: "cpu" or "cuda:N"."""
        super().__init__(options, partial(_Telling, options, seed, device), seed=seed)


class _Network(nn.Module):
    """Departures to a code's mean and log-variance, and a code to departures; knows the ordinary scene."""

    def __init__(self, size: Size, options: VaeOptions) -> None:
        super().__init__()
        self.scene = Scene(size)
        self.encode = encoder(size.channels + PLACE, options.width, options.bottleneck)
        self.tell = nn.Conv2d(options.bottleneck, 2 * options.latent, 1)
        for bias in (p for name, p in self.tell.named_parameters() if name == "bias"):
            nn.init.constant_(bias[options.latent :], FIRST_LOG)
        self.hear = nn.Sequential(nn.Conv2d(options.latent, options.bottleneck, 1), nn.LeakyReLU(LEAK))
        self.decode = decoder(options.bottleneck, options.width, size.channels)

    def told(self, departure: Tensor, place: Tensor) -> tuple[Tensor, Tensor]:
        """(B, d, h, w) and (B, 2, h, w) to mean and log-variance (B, latent, h/4, w/4)."""
        mean, log_variance = self.tell(self.encode(torch.cat([departure, place], dim=1))).chunk(2, dim=1)
        return mean, log_variance.clamp(-MOST_LOG, MOST_LOG)

    def rebuilt(self, code: Tensor) -> Tensor:
        """(B, latent, h/4, w/4) to departures (B, d, h, w)."""
        departure: Tensor = self.decode(self.hear(code))
        return departure


class _Telling:
    """See `detectors.models.stepwise.Learner`; its pieces are the grid's channels and its mask."""

    def __init__(self, options: VaeOptions, seed: int, device: str, size: Size) -> None:
        self.layers = size.channels + 1
        self._options = options
        self._crop = size.crop
        self._device = torch.device(device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = _Network(size, options).to(self._device)
        self._weights = Weights(network, rate=options.rate, averaging=options.averaging)

    def score(self, values: Floats, mask: Mask) -> Score:
        network, options = self._weights.average, self._options
        layers = torch.from_numpy(layered(values, mask)).to(self._device)[None]
        with torch.inference_mode():
            departure, _, place = network.scene(layers, np.zeros((1, 2), np.int32))
            mean, log_variance = network.told(departure, place)
            error = network.rebuilt(mean) - departure  # (1, d, H, W)
            square = error[0].square().mean(dim=0)  # (H, W)
            nats = _divergence(mean, log_variance)[0].sum(dim=0)  # (H/4, W/4)
        height, width = mask.shape
        side = min(options.cell, height, width)
        wrong = wrongness(square[:height, :width].cpu().numpy(), mask, options.tolerance)
        told = np.nan_to_num(cells_of(nats, mask), nan=HUGE, posinf=HUGE)
        told = cv2.blur(told, (side, side), borderType=cv2.BORDER_CONSTANT).clip(min=0)
        heatmap = strangeness(wrong, side) + options.surprise * np.log1p(told)
        return judged(heatmap.astype(np.float32), side, options.top_cells)

    def cut(self, values: Floats, mask: Mask, rng: np.random.Generator) -> Pieces:
        if self._weights.steps == 0:
            self._weights.begin(lambda network: network.scene.begin(values))
        layers = layered(values, mask)
        sought = self._weights.average.scene.departing(layers, self._options.tolerance)
        return cut(layers, sought, self._options.batch, self._crop, rng)

    def step(self, pieces: Pieces, rng: np.random.Generator) -> bool:
        network, options = self._weights.newest, self._options
        departure, mask, place = network.scene(tensor_of(pieces, self._device), pieces.at)
        mean, log_variance = network.told(departure.detach(), place)
        noise = torch.from_numpy(rng.standard_normal(mean.shape, np.float32)).to(self._device)
        error = network.rebuilt(mean + torch.exp(log_variance / 2) * noise) - departure
        told = _divergence(mean, log_variance).sum() / evidence(mask, departure.shape[1])
        price = options.price * min(1.0, self._weights.steps / FULL_PRICE)
        loss = robust(error, mask, options.tolerance) + price * told
        if not torch.isfinite(loss):
            return False  # a step from here would put NaN into every weight
        self._weights.step(loss)
        return True

    def state(self) -> StateDict:
        return self._weights.state()

    def restore(self, state: StateView) -> None:
        self._weights.restore(state)


def _divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) ‖ N(0, 1)) in nats, elementwise (Kingma & Welling 2014, appendix B)."""
    return (mean.square() + log_variance.exp() - 1 - log_variance) / 2
