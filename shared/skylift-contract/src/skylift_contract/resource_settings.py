from skylift_contract.model import Settings


class ResourceSettings(Settings):
    cpu_count: float | None = None
    memory: str | None = None
    gpu_count: int | None = None
    gpu_type: str | None = None

    def get_memory(self, unit: str = "MB") -> float | None:
        return None
