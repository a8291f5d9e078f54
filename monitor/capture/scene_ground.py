"""The fixed half of the demo scene: the camera's geometry and all that never walks. Knows nothing of time of day.

The ground is painted as a plan in metres and then put into perspective, so that paths, road and textures agree with
where the figures walk. World coordinates: `x_m` to the right of the camera, `z_m` ahead of it along the flat ground.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt

from detectors.base import Floats, Image
from monitor.capture.scene_figures import Colour

WIDTH, HEIGHT = 640, 360
HORIZON_PX = 70.0
FOCAL_PX = 480.0
CAMERA_HEIGHT_M = 5.0

ROAD_M = (30.0, 37.0)
PAVEMENT_M = (27.0, 29.7)
PATH_M = (11.0, 14.0)
SPUR_M = ((2.0, 13.4), (4.2, 13.4), (10.6, 27.1), (8.2, 27.1))  # the path from the foreground to the pavement
FACADE_M = 42.0
_LAMPS = ((9.0, 29.85), (-1.6, 14.4))  # street lamps, (x, z) in metres
_TREES = ((-21.0, 39.5, 6.5), (15.5, 39.5, 7.5), (10.8, 20.5, 6.0), (-8.6, 18.0, 5.6))  # x, z, height in metres

_LIT_SHARE = 0.3  # of the windows, at night

_PLAN_LEFT_M, _PLAN_NEAR_M, _PLAN_FAR_M = -46.0, 8.0, 60.0
_PLAN_SCALE = 20.0  # pixels per metre


@dataclass(frozen=True, slots=True)
class Prop:
    """Something that stands still and hides what passes behind it.

    Attributes:
        z_m: Its distance; figures further away are drawn first.
        left: Of its picture in the frame, pixels; `top` likewise. Wholly inside the frame.
        image: (h, w, 3) uint8 BGR.
        mask: (h, w) uint8, 255 where it is solid.
        sway_px: How far its top moves in the wind; 0 for what is stiff.
    """

    z_m: float
    left: int
    top: int
    image: Image
    mask: Image
    sway_px: float


def pixels_per_metre(z_m: float) -> float:
    """Scale of something upright at that distance."""
    return FOCAL_PX / z_m


def project(x_m: float, z_m: float) -> tuple[float, float]:
    """Where a point of the ground appears, (x, y) in pixels."""
    return WIDTH / 2 + FOCAL_PX * x_m / z_m, HORIZON_PX + FOCAL_PX * CAMERA_HEIGHT_M / z_m


def clouds(rng: np.random.Generator, height: int, width: int, coarsest: int) -> Floats:
    """Smooth noise, (height, width) float32 of about mean 0 and deviation 1, octaves from `coarsest` pixels down."""
    total = np.zeros((height, width), np.float32)
    size, weight = coarsest, 1.0
    while size >= 1:
        coarse = rng.standard_normal((height // size + 2, width // size + 2), dtype=np.float32)
        total += weight * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        size, weight = size // 3, weight * 0.7
    return cast(Floats, total / total.std())


def paint_ground(rng: np.random.Generator) -> Image:
    """The empty scene in full daylight, (HEIGHT, WIDTH, 3) uint8 BGR, without the props of `paint_props`."""
    plan = _paint_plan(rng)
    near, far, left = _PLAN_NEAR_M, _PLAN_FAR_M, _PLAN_LEFT_M
    corners = [(left, far), (-left, far), (-left, near), (left, near)]
    source = np.array([((x - left) * _PLAN_SCALE, (far - z) * _PLAN_SCALE) for x, z in corners], np.float32)
    target = np.array([project(x, z) for x, z in corners], np.float32) * 2
    warp = cv2.getPerspectiveTransform(source, target)
    twice = cv2.warpPerspective(plan, warp, (WIDTH * 2, HEIGHT * 2))
    canvas = np.asarray(cv2.resize(twice, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
    _paint_skyline(canvas, rng)
    return canvas


def paint_props(rng: np.random.Generator) -> tuple[Prop, ...]:
    """Trees, lamp posts and a bench, far to near."""
    props = [
        *(_tree(rng, *tree) for tree in _TREES),
        *(_lamp(x_m, z_m) for x_m, z_m in _LAMPS),
        _bench(-4.6, 14.7),
    ]
    return tuple(sorted(props, key=lambda prop: -prop.z_m))


def lamp_light() -> Floats:
    """What the infra-red lamp under the camera reaches, (HEIGHT, WIDTH) float32, 0..1."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    distance = FOCAL_PX * CAMERA_HEIGHT_M / np.maximum(rows - HORIZON_PX, 40.0)
    aside = (columns - WIDTH / 2) / (WIDTH / 2)
    return cast(Floats, np.clip((19.0 / distance) ** 0.9, 0.2, 1.0) * (1.0 - 0.35 * aside**2))


def window_light(rng: np.random.Generator, props: tuple[Prop, ...]) -> Image:
    """Lit windows that `props` do not hide and pools below the street lamps, added at night; (HEIGHT, WIDTH) uint8."""
    light = np.zeros((HEIGHT, WIDTH), np.uint8)
    for left, top, right, bottom in _windows():
        if rng.random() < _LIT_SHARE:
            light[top:bottom, left:right] = rng.integers(60, 130)
    for prop in props:
        height, width = prop.mask.shape
        light[prop.top : prop.top + height, prop.left : prop.left + width][prop.mask > 0] = 0
    pools = np.zeros_like(light)
    for x_m, z_m in _LAMPS:
        x, y = project(x_m, z_m)
        size = int(pixels_per_metre(z_m) * 2.4)
        cv2.ellipse(pools, (int(x), int(y)), (size, size // 3), 0, 0, 360, 70, cv2.FILLED)
        cv2.circle(light, (int(x), int(y - 4.3 * pixels_per_metre(z_m))), 3, 255, cv2.FILLED)
    return np.asarray(cv2.add(cv2.GaussianBlur(light, (0, 0), 1.2), cv2.GaussianBlur(pools, (0, 0), 9.0)), np.uint8)


def _between(values: Floats, low: float, high: float) -> npt.NDArray[np.bool_]:
    return (values > low) & (values < high)


def _paint_plan(rng: np.random.Generator) -> Image:
    """The ground seen from above, at `_PLAN_SCALE`."""
    height = int((_PLAN_FAR_M - _PLAN_NEAR_M) * _PLAN_SCALE)
    width = int(-2 * _PLAN_LEFT_M * _PLAN_SCALE)
    coarse, fine = clouds(rng, height, width, 120), clouds(rng, height, width, 9)
    z = np.linspace(_PLAN_FAR_M, _PLAN_NEAR_M, height, dtype=np.float32)[:, None]
    x = np.linspace(_PLAN_LEFT_M, -_PLAN_LEFT_M, width, dtype=np.float32)[None, :]
    stripes = np.where(np.floor((x * 0.8 + z) / 2.4) % 2 == 0, np.float32(5), np.float32(-5))
    grass, tint = np.array([58, 118, 92], np.float32), np.array([0.8, 1.0, 0.9], np.float32)
    plan = grass + (9 * coarse + 8 * fine + stripes)[..., None] * tint

    def lay(where: npt.NDArray[np.bool_], colour: Colour, grain: float) -> None:
        spots = np.broadcast_to(where, fine.shape)
        plan[spots] = np.array(colour, np.float32) + (grain * fine[spots] + 4 * coarse[spots])[:, None]

    spur = np.zeros((height, width), np.uint8)
    corners = [((px - _PLAN_LEFT_M) * _PLAN_SCALE, (_PLAN_FAR_M - pz) * _PLAN_SCALE) for px, pz in SPUR_M]
    cv2.fillPoly(spur, [np.array(corners, np.int32)], (255,))
    pavement, ragged = _between(z, *PAVEMENT_M), 0.12 * coarse
    lay(spur > 0, (128, 152, 164), 7)
    lay(_between(z + ragged, *PATH_M), (136, 158, 170), 7)
    lay(pavement | _between(z, ROAD_M[1], ROAD_M[1] + 2.2), (152, 156, 158), 3)
    lay(pavement & (_between(z % 0.9, -1, 0.06) | _between(x % 1.2, -1, 0.06)), (125, 129, 131), 3)  # joints of slabs
    lay(_between(z, *ROAD_M), (92, 90, 89), 5)
    lay(_between(z, 33.4, 33.6) & _between(x % 6.0, -1, 3.0), (205, 208, 208), 3)  # broken centre line
    for kerb in ROAD_M:
        lay(_between(z, kerb - 0.3, kerb + 0.12), (176, 178, 178), 2)
    for tree_x, tree_z, _ in _TREES[2:]:
        shade = np.exp(-(((x - tree_x - 0.8) / 2.4) ** 4) - ((z - tree_z + 0.6) / 1.9) ** 4)
        plan *= (1.0 - 0.4 * shade)[..., None]
    return np.clip(plan, 0, 255).astype(np.uint8)


_BUILDINGS = (  # left, right, top in pixels; wall colour
    (0, 128, 22, (108, 128, 158)),
    (128, 262, 44, (150, 164, 172)),
    (300, 470, 14, (132, 140, 150)),
    (470, 566, 52, (104, 116, 150)),
    (566, WIDTH, 30, (158, 160, 158)),
)


def _windows() -> list[tuple[int, int, int, int]]:
    """(left, top, right, bottom) of every window, pixels."""
    found = []
    for left, right, top, _ in _BUILDINGS:
        for y in range(top + 9, 100, 19):
            found += [(x, y, x + 8, y + 11) for x in range(left + 9, right - 12, 18)]
    return found


def _paint_skyline(canvas: Image, rng: np.random.Generator) -> None:
    base = round(project(0.0, FACADE_M)[1])
    sky = np.linspace(0.0, 1.0, base)[:, None, None]
    canvas[:base] = np.broadcast_to((1 - sky) * [222, 196, 168] + sky * [226, 218, 208], (base, WIDTH, 3))
    grain = clouds(rng, base, WIDTH, 9)[..., None]
    for left, right, top, wall in _BUILDINGS:
        canvas[top:base, left:right] = np.clip(wall + 3 * grain[top:base, left:right], 0, 255)
        cv2.rectangle(canvas, (left, top - 3), (right, top), tuple(int(c * 0.6) for c in wall), cv2.FILLED)
    for left, top, right, bottom in _windows():
        shade = int(rng.integers(58, 100))
        cv2.rectangle(canvas, (left - 1, top - 1), (right, bottom), (196, 200, 202), 1)
        cv2.rectangle(canvas, (left, top), (right - 1, bottom - 1), (shade + 18, shade + 8, shade), cv2.FILLED)
    hedge = slice(base - 17, base + 2)
    leaf = clouds(rng, HEIGHT, WIDTH, 5)[hedge]
    ragged = np.arange(19)[:, None] > 3 + 2 * leaf[:1]
    green = np.clip(np.array([38, 74, 56]) + 9 * leaf[..., None], 0, 255).astype(np.uint8)
    canvas[hedge] = np.where(ragged[..., None], green, canvas[hedge])


def _bench(x_m: float, z_m: float) -> Prop:
    unit = pixels_per_metre(z_m)
    x, foot = project(x_m, z_m)
    wide, tall = round(1.8 * unit), round(0.9 * unit)
    image = np.full((tall, wide, 3), (54, 52, 50), np.uint8)
    mask = np.zeros((tall, wide), np.uint8)
    for side in (0.1, 0.9):
        cv2.line(mask, (round(side * wide), tall), (round(side * wide), round(0.1 * tall)), 255, 2)
    for up, deep, shade in ((0.85, 0.11, 70), (0.68, 0.11, 64), (0.45, 0.14, 78)):
        top, bottom = tall - round(up * unit), tall - round((up - deep) * unit)
        image[top:bottom], mask[top:bottom] = (shade - 18, shade + 8, shade + 44), 255
    return _inside_frame(Prop(z_m, round(x - wide / 2), round(foot - tall), image, mask, 0.0))


def _tree(rng: np.random.Generator, x_m: float, z_m: float, tall_m: float) -> Prop:
    """A broad-leaved tree of `tall_m` with a round crown."""
    unit = pixels_per_metre(z_m)
    x, foot = project(x_m, z_m)
    wide, tall = int(0.84 * tall_m * unit), int(tall_m * unit)
    image = np.full((tall, wide, 3), (30, 58, 44), np.uint8)
    mask = np.zeros((tall, wide), np.uint8)
    trunk = max(2, round(0.17 * unit))
    cv2.line(image, (wide // 2, tall), (wide // 2, tall // 2), (52, 66, 80), trunk)
    cv2.line(mask, (wide // 2, tall), (wide // 2, tall // 2), (255,), trunk)
    leaf = max(2, round(0.16 * unit))
    for _ in range(700):
        radius, angle = np.sqrt(rng.random()), rng.random() * 2 * np.pi
        at_x = wide / 2 + radius * np.cos(angle) * (wide / 2 - 2 * leaf)
        at_y = 0.38 * tall + radius * np.sin(angle) * (0.38 * tall - 2 * leaf)
        lit = 1.0 - 0.5 * at_y / (0.76 * tall) + rng.normal(0, 0.12)
        colour = tuple(float(c * lit) for c in (58, 122, 92))
        at = (int(at_x), int(at_y))
        cv2.circle(image, at, leaf, colour, cv2.FILLED, cv2.LINE_AA)
        cv2.circle(mask, at, leaf, 255, cv2.FILLED)
    return _inside_frame(Prop(z_m, round(x - wide / 2), round(foot - tall), image, mask, 0.05 * unit + 0.7))


def _lamp(x_m: float, z_m: float) -> Prop:
    unit = pixels_per_metre(z_m)
    x, foot = project(x_m, z_m)
    wide, tall = max(5, round(0.5 * unit)), round(4.5 * unit)
    image = np.full((tall, wide, 3), (66, 70, 68), np.uint8)
    mask = np.zeros((tall, wide), np.uint8)
    cv2.line(mask, (wide // 2, tall), (wide // 2, 0), 255, max(1, round(0.1 * unit)))
    cv2.rectangle(mask, (0, round(0.06 * unit)), (wide, round(0.26 * unit)), 255, cv2.FILLED)
    return _inside_frame(Prop(z_m, round(x - wide / 2), round(foot - tall), image, mask, 0.0))


def _inside_frame(prop: Prop) -> Prop:
    """Cut off what lies outside the frame."""
    left, top = max(prop.left, 0), max(prop.top, 0)
    rows = slice(top - prop.top, min(prop.top + len(prop.mask), HEIGHT) - prop.top)
    columns = slice(left - prop.left, min(prop.left + prop.mask.shape[1], WIDTH) - prop.left)
    return Prop(prop.z_m, left, top, prop.image[rows, columns].copy(), prop.mask[rows, columns].copy(), prop.sway_px)
