"""An online encoder and generator with a critic. Needs torch; learns by `Stepwise`. Never to be the only alarm."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from detectors.base import Floats, Mask, Score, StateDict, StateView
from detectors.models.network import LEAK, PLACE, decoder, encoder
from detectors.models.replay import Pieces, cut
from detectors.models.scene import Scene, cells_of, layered, robust, tensor_of
from detectors.models.squares import judged, strangeness, wrongness
from detectors.models.stepwise import Size, Stepwise
from detectors.models.weights import Weights
from detectors.options import GanOptions
from detectors.state import Wanted, fitted, refuse_unless

# What is this many times as unlike as usual is half wrong.
AMPLE = 4.0
# Added to what the critic sees, squared, before dividing by it: newborn it may see next to nothing.
QUIET = 1e-6


class Gan(Stepwise):
    """Rebuilds grids through a narrow code so that a critic cannot tell them from real ones.

    What is rebuilt is how the grid departs from the ordinary one (see `Scene`). The critic judges patches (Isola et al.
    2017) by least squares, real 1, rebuilt 0 (Mao et al. 2017); the generator lowers a robust error (see `robust`)
    plus `likeness` times the relative distance of what the critic sees in real and rebuilt (feature matching, Salimans
    et al. 2016), so that it never chases the critic's verdict: GANomaly (Akcay et al. 2018) without its second encoder.
    All learn from new and replayed pieces. A cell is wrong by (1 - critic_share) · e² / (e² + tolerance²) +
    critic_share · u² / (u² + 4 t²), with u the distance of what the critic sees in real and rebuilt, t² the mean of its
    square while learning, as f-AnoGAN adds the two (Schlegl et al. 2019); averaged weights of generator and critic
    score. A square of cells wrong by w on average is -log(1 - w) strange; the score is the mean of the `top_cells`
    strangest squares.

    A poor choice as the only detector of a camera: two networks that learn against each other need never settle, so
    the critic's part of the score may wander within its 0..1. Beside others it adds texture that errors miss. Also poor
    where what is strange is made of ordinary 4×4 cells. Memory: `replay` · (d + 1) · crop² · 2 bytes, 16 bytes per
    value of a grid, and about 1 MB.
    """

    def __init__(self, options: GanOptions, *, seed: int, device: str = "cpu") -> None:
        """Args: options: see there; seed: of the first weights and all draws; device: "cpu" or "cuda:N"."""
        super().__init__(options, partial(_Rebuilding, options, seed, device), seed=seed)


class _Generator(nn.Module):
    """Departures to a code and back; knows the ordinary scene."""

    def __init__(self, size: Size, options: GanOptions) -> None:
        super().__init__()
        self.scene = Scene(size)
        self.encode = encoder(size.channels + PLACE, options.width, options.bottleneck)
        self.narrow = nn.Conv2d(options.bottleneck, options.latent, 1)
        self.widen = nn.Sequential(nn.Conv2d(options.latent, options.bottleneck, 1), nn.LeakyReLU(LEAK))
        self.decode = decoder(options.bottleneck, options.width, size.channels)

    def forward(self, departure: Tensor, place: Tensor) -> Tensor:
        """(B, d, h, w) and (B, 2, h, w) to (B, d, h, w)."""
        code = self.narrow(self.encode(torch.cat([departure, place], dim=1)))  # (B, latent, h/4, w/4)
        rebuilt: Tensor = self.decode(self.widen(code))
        return rebuilt


class _Critic(nn.Module):
    """What it sees in departures, and whether it takes them for real."""

    def __init__(self, channels: int, options: GanOptions) -> None:
        super().__init__()
        self.see = encoder(channels + PLACE, options.width, options.bottleneck)
        self.judge = nn.Conv2d(options.bottleneck, 1, 1)

    def seen(self, departure: Tensor, place: Tensor) -> Tensor:
        """(B, d, h, w) and (B, 2, h, w) to (B, bottleneck, h/4, w/4)."""
        features: Tensor = self.see(torch.cat([departure, place], dim=1))
        return features


class _Rebuilding:
    """See `detectors.models.stepwise.Learner`; its pieces are the grid's channels and its mask."""

    def __init__(self, options: GanOptions, seed: int, device: str, size: Size) -> None:
        self.layers = size.channels + 1
        self._options = options
        self._crop = size.crop
        self._device = torch.device(device)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            generator = _Generator(size, options).to(self._device)
            critic = _Critic(size.channels, options).to(self._device)
        self._generator = Weights(generator, rate=options.rate, averaging=options.averaging, name="generator_")
        self._critic = Weights(critic, rate=options.rate, averaging=options.averaging, name="critic_")
        self._usual = 0.0  # mean squared distance of what the critic sees in real and rebuilt

    def score(self, values: Floats, mask: Mask) -> Score:
        generator, critic, options = self._generator.average, self._critic.average, self._options
        layers = torch.from_numpy(layered(values, mask)).to(self._device)[None]
        with torch.inference_mode():
            departure, within, place = generator.scene(layers, np.zeros((1, 2), np.int32))
            rebuilt = generator(departure, place) * within
            square = (rebuilt - departure)[0].square().mean(dim=0)  # (H, W)
            apart = critic.seen(departure, place) - critic.seen(rebuilt, place)
            unlike = apart[0].square().sum(dim=0)  # (H/4, W/4)
        height, width = mask.shape
        side = min(options.cell, height, width)
        wrong = wrongness(square[:height, :width].cpu().numpy(), mask, options.tolerance)
        share = np.float32(options.critic_share)
        unseemly = wrongness(cells_of(unlike, mask), mask, math.sqrt(AMPLE * self._usual + QUIET))
        return judged(strangeness((1 - share) * wrong + share * unseemly, side), side, options.top_cells)

    def cut(self, values: Floats, mask: Mask, rng: np.random.Generator) -> Pieces:
        if self._generator.steps == 0:
            self._generator.begin(lambda network: network.scene.begin(values))
        layers = layered(values, mask)
        sought = self._generator.average.scene.departing(layers, self._options.tolerance)
        return cut(layers, sought, self._options.batch, self._crop, rng)

    def step(self, pieces: Pieces, rng: np.random.Generator) -> bool:
        generator, critic, options = self._generator.newest, self._critic.newest, self._options
        departure, mask, place = generator.scene(tensor_of(pieces, self._device), pieces.at)
        real = departure.detach()
        rebuilt = generator(real, place)
        seen = critic.seen(real, place)
        unlike = (critic.seen(rebuilt * mask, place) - seen.detach()).square().sum(dim=1).mean()
        relative = unlike / (seen.detach().square().sum(dim=1).mean() + QUIET)
        building = robust(rebuilt - departure, mask, options.tolerance) + options.likeness * relative
        fake = critic.judge(critic.seen((rebuilt * mask).detach(), place))
        judging = ((critic.judge(seen) - 1).square() + fake.square()).mean() / 2
        if not torch.isfinite(building + judging):
            return False  # a step from here would put NaN into every weight
        keep = min(options.averaging, 1 - 1 / (self._generator.steps + 1))
        self._usual = keep * self._usual + (1 - keep) * float(unlike.detach())
        # The generator first: its gradient runs through the critic as that was.
        self._generator.step(building)
        self._critic.step(judging)
        return True

    def state(self) -> StateDict:
        return {**self._generator.state(), **self._critic.state(), "usual": np.array(self._usual)}

    def restore(self, state: StateView) -> None:
        self._generator.restore(state)
        self._critic.restore(state)
        usual = fitted({name: state[name] for name in ("usual",) if name in state}, {"usual": Wanted(np.float64)})
        self._usual = float(usual["usual"])
        refuse_unless(self._usual >= 0, "a usual distance of at least 0")
