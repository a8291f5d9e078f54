"""Fits a generalised Pareto distribution to the excesses over a level. Knows nothing of where the level comes from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from detectors.thresholds.scores import Numbers

FEWEST = 10  # below that many excesses likelihood is erratic
MOST = 1000  # more excesses are thinned evenly, so that a fit costs at most about 2 ms
# Below -0.5 the likelihood has no regular maximum (Smith 1985). Above 1 the tail would have no mean: such a fit comes
# from a mixture rather than a tail, and its limit would blind the camera.
SHAPES = (-0.5, 1.0)
ROUNDS = 4  # each narrows the root's bracket sixteen-fold


@dataclass(frozen=True, slots=True)
class Pareto:
    """Generalised Pareto distribution of excesses: P(Y > y) = (1 + shape · y / scale)^(-1 / shape); `scale` > 0."""

    shape: float
    scale: float

    def tail(self, excess: float) -> float:
        """P(Y > excess), 0..1; 0 beyond the end of a bounded tail (shape < 0)."""
        if self.shape == 0:
            return math.exp(-excess / self.scale)
        base = 1 + self.shape * excess / self.scale
        return base ** (-1 / self.shape) if base > 0 else 0.0

    def excess(self, tail: float) -> float:
        """The excess with P(Y > excess) = tail, for `tail` in 0..1 without 0."""
        if self.shape == 0:
            return -self.scale * math.log(tail)
        return self.scale / self.shape * math.expm1(-self.shape * math.log(tail))


def fit(excesses: Numbers) -> Pareto:
    """Maximum likelihood by Grimshaw's trick (1993): a search over x = shape / scale alone.

    For given x the best shape is mean(log(1 + x·y)), and the mean log-likelihood is -log(shape / x) - shape - 1; its
    interior maxima over x are the roots that Siffer et al. (KDD 2017) look for. Searched on a grid on both sides of 0,
    then refined; the exponential distribution (x = 0) is always a candidate. Where the likelihood still rises at shape
    -0.5, or with fewer than ten excesses, by the method of moments (Hosking & Wallis 1987).

    Args:
        excesses: (n,) ascending, > 0, at least one.
    """
    if len(excesses) < FEWEST or excesses[0] == excesses[-1]:
        return _by_moments(excesses)
    thinned = excesses[:: -(-len(excesses) // MOST)]
    unit = float(thinned.mean())
    scaled = thinned / unit
    end = -1 / scaled[-1]
    xs = np.concatenate([end * (1 - np.geomspace(1e-6, 0.98, 24)), [0.0], np.geomspace(1e-3, 1e3, 36)])
    shapes, likelihoods = _profile(xs, scaled)
    best = int(np.argmax(likelihoods))
    for _ in range(ROUNDS):
        xs = np.linspace(xs[max(best - 1, 0)], xs[min(best + 1, len(xs) - 1)], 33)
        shapes, likelihoods = _profile(xs, scaled)
        best = int(np.argmax(likelihoods))
    if shapes[best] < SHAPES[0] + 0.01:  # still rising where the search ends
        return _by_moments(excesses)
    if likelihoods[best] <= -1.0:  # no better than the exponential distribution
        return Pareto(0.0, unit)
    return Pareto(float(shapes[best]), float(shapes[best] / xs[best]) * unit)


def _profile(xs: Numbers, scaled: Numbers) -> tuple[Numbers, Numbers]:
    """Best shape and its mean log-likelihood for each x, -inf for shapes outside SHAPES; `scaled` has mean 1."""
    shapes: Numbers = np.log1p(xs[:, None] * scaled).mean(axis=1)
    ratio = np.divide(shapes, xs, out=np.ones_like(xs), where=xs != 0)  # scale; the exponential distribution's is 1
    likelihoods = -np.log(ratio) - shapes - 1
    likelihoods[(shapes < SHAPES[0]) | (shapes > SHAPES[1])] = -np.inf
    return shapes, likelihoods


def _by_moments(excesses: Numbers) -> Pareto:
    mean, variance = float(excesses.mean()), float(excesses.var())
    if variance <= (1e-6 * mean) ** 2:
        return Pareto(0.0, mean)
    ratio = mean * mean / variance
    shape = 0.5 * (1 - ratio)
    return Pareto(shape, 0.5 * mean * (1 + ratio))
