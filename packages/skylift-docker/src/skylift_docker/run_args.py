"""Arguments of the SDK's `containers.create` that people may give besides the settings of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skylift_contract.errors import ConfigurationError, UnknownName

if TYPE_CHECKING:
    from pydantic import JsonValue

RUN_ARGS: Final = frozenset(
    {
        *("blkio_weight", "blkio_weight_device", "cap_add", "cap_drop", "cgroup_parent", "cgroupns"),
        *("cpu_count", "cpu_percent", "cpu_period", "cpu_quota", "cpu_rt_period", "cpu_rt_runtime"),
        *("cpu_shares", "cpuset_cpus", "cpuset_mems", "device_cgroup_rules", "device_read_bps"),
        *("device_read_iops", "device_write_bps", "device_write_iops", "devices", "dns", "dns_opt"),
        *("dns_search", "domainname", "extra_hosts", "group_add", "healthcheck", "hostname", "init"),
        *("init_path", "ipc_mode", "isolation", "kernel_memory", "links", "log_config", "lxc_conf"),
        *("mac_address", "mem_reservation", "mem_swappiness", "memswap_limit", "network_disabled"),
        *("oom_kill_disable", "oom_score_adj", "pid_mode", "pids_limit", "publish_all_ports", "read_only"),
        *("runtime", "security_opt", "stop_signal", "storage_opt", "sysctls", "tmpfs", "ulimits"),
        *("use_config_proxy", "userns_mode", "uts_mode", "volume_driver", "volumes_from", "working_dir"),
    }
)
"""The SDK's own names, without those in `OWNED`; `test_run_args_are_the_sdks` keeps them equal."""

_MADE_HERE: Final = "it is made of the step"

OWNED: Final = {
    "nano_cpus": "ResourceSettings(cpu_count=…)",
    "mem_limit": "ResourceSettings(memory=…)",
    "device_requests": "ResourceSettings(gpu_count=…)",
    "environment": "the setting `environment`",
    "mounts": "the setting `mounts`",
    "volumes": "the setting `mounts`",
    "network": "the setting `network`",
    "network_mode": "the setting `network`",
    "user": "the setting `user`",
    "shm_size": "the setting `shm_size`",
    "privileged": "the setting `privileged`",
    "platform": "the setting `platform`",
    "image": "DockerSettings(image=…)",
    "auto_remove": "the option `remove_containers`",
    "remove": "the option `remove_containers`",
    "restart_policy": "StepRetryConfig(max_retries=…)",
    **dict.fromkeys(
        ("command", "entrypoint", "name", "labels", "detach", "stdin_open", "tty", "version"), _MADE_HERE
    ),
}
"""Arguments that are somebody else's here, and whose."""


def check_run_args(given: dict[str, JsonValue], who: str) -> dict[str, JsonValue]:
    """Return the arguments as they are; raises `ConfigurationError` for the first that cannot be given."""
    for name in given:
        if name in OWNED:
            instead = OWNED[name]
            raise ConfigurationError(
                "it is set in another way"
                if instead != _MADE_HERE
                else f"{_MADE_HERE} that the container runs",
                who=f"{who}.run_args, {name!r}",
                fix="Leave it out." if instead == _MADE_HERE else f"Use {instead}.",
            )
        if name not in RUN_ARGS:
            raise UnknownName("run argument", name, sorted(RUN_ARGS), who=f"{who}.run_args")
    return given
