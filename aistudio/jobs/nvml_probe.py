"""A script: prints the GPUs that NVML knows as JSON. Run on its own, it holds no CUDA context."""

import json

import pynvml


def main() -> None:
    try:
        pynvml.nvmlInit()
        gpus = [_gpu(index) for index in range(pynvml.nvmlDeviceGetCount())]
        print(json.dumps({"problem": None, "gpus": gpus}))
    except pynvml.NVMLError as error:
        print(json.dumps({"problem": f"No NVIDIA GPU: {error}.", "gpus": []}))


def _gpu(index: int) -> dict[str, object]:
    handle = pynvml.nvmlDeviceGetHandleByIndex(index)
    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    return {
        "id": f"gpu:{index}",
        "name": _text(pynvml.nvmlDeviceGetName(handle)),
        "uuid": _text(pynvml.nvmlDeviceGetUUID(handle)),
        "memory_total": memory.total,
        "memory_free": memory.free,
        "capability": pynvml.nvmlDeviceGetCudaComputeCapability(handle),
        "utilization": _utilization(handle),
    }


def _utilization(handle: object) -> float | None:
    """None for what does not tell it, such as a card that is divided (MIG)."""
    try:
        return float(pynvml.nvmlDeviceGetUtilizationRates(handle).gpu)
    except pynvml.NVMLError:
        return None


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


if __name__ == "__main__":
    main()
