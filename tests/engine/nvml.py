"""A stand-in for the library of the NVIDIA driver: `install()` puts it where pynvml keeps the real one."""

import threading
from typing import Any

import pynvml

SUCCESS = int(pynvml.NVML_SUCCESS)
UUIDS = (b"GPU-a", b"GPU-b")


class Library:
    """Two cards; the second does not tell its power. `hang` names the function that never returns."""

    def __init__(self, hang: str = "", fail: str = "") -> None:
        self._hang, self._fail = hang, fail

    def __getattr__(self, name: str) -> Any:
        if name == self._hang:
            return lambda *args: threading.Event().wait()
        if name == self._fail:
            return lambda *args: pynvml.NVML_ERROR_GPU_IS_LOST
        return getattr(Answers, name.removesuffix("_v2"))


class Answers:
    """Handles are addresses: 1 and 2."""

    @staticmethod
    def nvmlInitWithFlags(flags: int) -> int:  # noqa: N802
        return SUCCESS

    @staticmethod
    def nvmlDeviceGetCount(count: Any) -> int:  # noqa: N802
        count._obj.value = len(UUIDS)
        return SUCCESS

    @staticmethod
    def nvmlDeviceGetHandleByIndex(number: Any, device: Any) -> int:  # noqa: N802
        return handle(number.value, device)

    @staticmethod
    def nvmlDeviceGetHandleByUUID(uuid: Any, device: Any) -> int:  # noqa: N802
        return handle(UUIDS.index(uuid.value), device) if uuid.value in UUIDS else int(pynvml.NVML_ERROR_NOT_FOUND)

    @staticmethod
    def nvmlDeviceGetCudaComputeCapability(device: Any, major: Any, minor: Any) -> int:  # noqa: N802
        major._obj.value, minor._obj.value = 9, 0
        return SUCCESS

    @staticmethod
    def nvmlDeviceGetMemoryInfo(device: Any, memory: Any) -> int:  # noqa: N802
        memory._obj.total, memory._obj.used, memory._obj.free = 80 << 30, 5 << 30, 75 << 30
        return SUCCESS

    @staticmethod
    def nvmlDeviceGetUtilizationRates(device: Any, use: Any) -> int:  # noqa: N802
        use._obj.gpu = 93
        return SUCCESS

    @staticmethod
    def nvmlDeviceGetPowerUsage(device: Any, milliwatts: Any) -> int:  # noqa: N802
        milliwatts._obj.value = 250_500
        return SUCCESS if index(device) == 0 else int(pynvml.NVML_ERROR_NOT_SUPPORTED)

    @staticmethod
    def nvmlDeviceGetTemperature(device: Any, sensor: Any, degrees: Any) -> int:  # noqa: N802
        degrees._obj.value = 61
        return SUCCESS

    @staticmethod
    def nvmlDeviceGetIndex(device: Any, number: Any) -> int:  # noqa: N802
        number._obj.value = index(device)
        return SUCCESS

    @staticmethod
    def nvmlDeviceGetUUID(device: Any, text: Any, size: Any) -> int:  # noqa: N802
        text.value = UUIDS[index(device)]
        return SUCCESS

    @staticmethod
    def nvmlDeviceGetName(device: Any, text: Any, size: Any) -> int:  # noqa: N802
        text.value = b"NVIDIA H100"
        return SUCCESS


def handle(number: int, device: Any) -> int:
    address = pynvml.c_nvmlDevice_t.from_buffer(device._obj)
    pynvml.cast(pynvml.byref(address), pynvml.POINTER(pynvml.c_void_p))[0] = number + 1
    return SUCCESS


def index(device: Any) -> int:
    return int(pynvml.cast(device, pynvml.c_void_p).value) - 1


def install(hang: str = "", fail: str = "") -> None:
    pynvml.nvmlLib = Library(hang, fail)
    pynvml._nvmlGetFunctionPointer_cache.clear()
