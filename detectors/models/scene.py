"""What a fixed camera ordinarily sees, as weights, so that networks need only rebuild what departs from it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from detectors.base import Floats, Mask
from detectors.models.network import place
from detectors.models.replay import ALIGN, Pieces
from detectors.models.stepwise import Size


class Scene(nn.Module):
    """An ordinary value for each cell and channel, learned like any weight, and where each cell is.

    It begins as the first grid. With a robust loss it becomes about the median, ghosts of the first grid fading by
    about the learning rate a step.
    """

    place: Tensor

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.ordinary = nn.Parameter(torch.zeros(size.channels, size.height, size.width))
        self.register_buffer("place", place(size.height, size.width))

    def begin(self, values: Floats) -> None:
        """Take (d, H, W) for ordinary."""
        with torch.no_grad():
            self.ordinary.copy_(torch.from_numpy(values))

    def departing(self, layers: Floats, tolerance: float) -> Mask:
        """(H, W), the cells of (d + 1, H, W) layers that depart from the ordinary by more than the tolerance."""
        ordinary = self.ordinary.detach().cpu().numpy()
        return np.asarray((np.abs(layers[:-1] - ordinary).max(axis=0) > tolerance) & (layers[-1] > 0))

    def forward(self, layers: Tensor, at: npt.NDArray[np.int32]) -> tuple[Tensor, Tensor, Tensor]:
        """Part layers, as `layered` makes them, into departures, mask and place.

        Args:
            layers: (B, d + 1, c, e), the mask last.
            at: (B, 2), row and column of their corners.

        Returns:
            (B, d, c, e) departures from the ordinary, 0 where masked; (B, 1, c, e) mask; (B, 2, c, e) place.
        """
        height, width = layers.shape[2:]
        corners = [(slice(None), slice(y, y + height), slice(x, x + width)) for y, x in at.tolist()]
        ordinary = torch.stack([self.ordinary[corner] for corner in corners])  # (B, d, c, e)
        mask = layers[:, -1:]
        return (layers[:, :-1] - ordinary) * mask, mask, torch.stack([self.place[corner] for corner in corners])


def layered(values: Floats, mask: Mask) -> Floats:
    """(d + 1, H, W) float32: values (d, H, W), and last a mask (h, w), False beyond the grid."""
    _, height, width = values.shape
    beyond = ((0, height - mask.shape[0]), (0, width - mask.shape[1]))
    return np.concatenate([values, np.pad(mask, beyond)[None].astype(np.float32)])


def tensor_of(pieces: Pieces, device: torch.device) -> Tensor:
    """(n, d + 1, c, c) float32."""
    return torch.from_numpy(pieces.values.astype(np.float32)).to(device)


def cells_of(coarse: Tensor, mask: Mask) -> Floats:
    """(h, w) float32 of (H/4, W/4): each coarse cell's value in all of its cells, 0 where masked."""
    height, width = mask.shape
    fine = coarse.cpu().numpy().repeat(ALIGN, axis=0).repeat(ALIGN, axis=1)
    return np.where(mask, fine[:height, :width], np.float32(0))


def robust(error: Tensor, mask: Tensor, tolerance: float) -> Tensor:
    """Mean of √(1 + (e / tolerance)²) - 1 over what is not masked.

    In nats: minus the log-likelihood of a hyperbolic density (Barndorff-Nielsen 1977), normal within the tolerance and
    double exponential far beyond it.
    """
    nats = (torch.sqrt(1 + (error / tolerance).square()) - 1) * mask
    return nats.sum() / evidence(mask, error.shape[1])


def evidence(mask: Tensor, channels: int) -> Tensor:
    """How many numbers are not masked, at least 1."""
    return (mask.sum() * channels).clamp(min=1)
