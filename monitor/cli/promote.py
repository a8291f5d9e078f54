"""`rareframe promote`: a camera's shadow becomes live while the daemon runs, or is its shadow again."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.stores import note
from monitor.cli.terms import EXIT_OK, ConfigOption, DataDirOption, FailedError, examples

if TYPE_CHECKING:
    from monitor.config import Config

EXAMPLES = examples("rareframe promote gate --config site.yaml", "rareframe promote gate --undo --config site.yaml")


def promote(
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="Its name in the configuration.")],
    undo: Annotated[bool, typer.Option("--undo", help="As the configuration says, again.")] = False,
    config_file: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> int:
    """Let a camera's shadow be live, with all that it learned.

    What was live goes on as its shadow. A running daemon obeys within seconds, and goes on so after a restart, until
    either of the two is changed in the configuration.
    """
    from monitor import config, wishes  # noqa: PLC0415 - see the package
    from monitor.build.rules import pairing, promoted  # noqa: PLC0415

    tree = config.demo(data_dir=data_dir) if config_file is None else config.load(config_file, data_dir=data_dir)
    _refuse_without_shadow(tree, camera)
    found = wishes.read(tree.data_dir)
    if (camera in promoted(tree, found)) != undo:
        typer.echo(
            f"{camera}: nothing to do; {'its own configuration is live' if undo else 'its candidate is live already'}"
        )
        return EXIT_OK
    promotions = {name: wish for name, wish in found.promotions.items() if name != camera}
    if not undo:
        promotions[camera] = wishes.PromotionWish(pairing(tree.cameras[camera]))
    wishes.write(tree.data_dir, replace(found, promotions=promotions))
    note(tree.data_dir, "promote", camera, "undone" if undo else "its shadow is live")
    typer.echo(_told(camera, undo=undo))
    if not undo and not _watched(tree, camera):
        typer.echo(
            f"note: the shadow of {camera} watched nothing in the last day: it may have to learn its scene first"
        )
    return EXIT_OK


def _refuse_without_shadow(tree: Config, camera: str) -> None:
    if camera not in tree.cameras:
        raise FailedError(f"expected a camera of the configuration ({', '.join(tree.cameras)}), got {camera}")
    if tree.cameras[camera].shadow is None:
        raise FailedError(f"camera {camera}: expected one with a shadow, got none; add `shadow` to its configuration")


def _watched(tree: Config, camera: str) -> bool:
    """Whether the shadow had verdicts in the last day, as far as that is stored."""
    from monitor.alerting.store import EventStore  # noqa: PLC0415 - see the package
    from monitor.config import store_path  # noqa: PLC0415

    path = store_path(tree.data_dir)
    if not path.exists():
        return False
    with closing(EventStore.open_read_only(path)) as store:
        seen = store.watched(int(time.time()) // 3600 - 24)
    return any(name == camera and shadow for name, shadow, _ in seen)


def _told(camera: str, *, undo: bool) -> str:
    if undo:
        return f"{camera}: its own configuration is live again, what was promoted is its shadow; obeyed within seconds"
    return (
        f"{camera}: what stands under `shadow` is live from now on, with all that it learned, and what was live goes "
        "on as its shadow; obeyed within seconds by a daemon with this configuration\n"
        f"to keep it, move the keys of `shadow` into camera {camera}'s own sections; any edit of the two ends the "
        "promotion at the next start"
    )
