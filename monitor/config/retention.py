"""How long what was stored is kept. Deletes nothing."""

from __future__ import annotations

from pydantic import Field

from monitor.config.section import Section


class RetentionOptions(Section):
    """How long events are kept: the oldest go first; protected ones, open ones and those not told yet never do."""

    days: float | None = Field(
        default=30.0,
        gt=0,
        le=36_500,
        description="Events go this long after they ended; null: whatever their age. Unit: days.",
    )
    quota_mb: int = Field(
        default=10_000,
        ge=50,
        le=1_000_000_000,
        description="All below `events/` in `data_dir` and the event store together take no more. Unit: megabytes.",
    )
    keep_free_mb: int = Field(
        default=500,
        ge=0,
        le=1_000_000_000,
        description="With less left on the disk, whoever fills it, events older than a day go until there is so much. "
        "Unit: megabytes.",
    )
    history_days: float = Field(
        default=30.0,
        gt=0,
        le=36_500,
        description="What cameras did minute by minute is kept for this long, some 10 MB a camera in 30 days. "
        "Unit: days.",
    )
