"""What the web server shows and changes of the configuration in force. Serves nothing itself."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

from monitor import wishes
from monitor.build.rules import configured_budgets
from monitor.config import Config, checkpoint_dir
from monitor.config.shown import shown
from monitor.scoring.dated import Dated
from monitor.web.source import NoBudgetError, Snapshot


class ConfiguredHouse:
    """One daemon's configuration; may be asked from several threads."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._alone = threading.Lock()

    def configuration(self) -> Mapping[str, object]:
        """See `House`."""
        return shown(self._config)

    def snapshots(self, camera: str) -> Sequence[Snapshot]:
        """See `House`."""
        # Only listed here: the fingerprint is asked for by whoever reads one.
        kept = Dated(checkpoint_dir(self._config.data_dir) / "dated", camera, "", 0, 0)
        return [Snapshot(each.at, each.why.value) for each in kept.newest_first()]

    def set_budget(self, camera: str, alerts_per_day: float) -> float:
        """See `House`; as `rareframe budget` does."""
        with self._alone:
            found = wishes.read(self._config.data_dir)
            configured = configured_budgets(self._config, found, [camera])
            if camera not in configured:
                raise NoBudgetError(camera)
            wishes.write(self._config.data_dir, wishes.with_budget(found, configured, alerts_per_day))
        return found.alerts_per_day(camera, configured[camera])
