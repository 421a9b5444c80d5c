from datetime import datetime

from skylift_contract.model import Duration, Settings


class Schedule(Settings):
    name: str | None = None
    cron_expression: str | None = None
    timezone: str = "UTC"
    interval_second: Duration | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    run_once_start_time: datetime | None = None
    catchup: bool = False
    max_concurrent_runs: int | None = None
