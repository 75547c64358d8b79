"""Starts jobs as processes of this machine, each in its own session so that it outlives the server."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import aistudio
from aistudio.jobs.launchers.base import Handle

PASSED_ON = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "VIRTUAL_ENV",
    "PYTHONPATH",
    "LD_LIBRARY_PATH",
    "CUDA_HOME",
    "HF_HOME",
    "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE",
    "HF_HUB_OFFLINE",
    "TRANSFORMERS_OFFLINE",
    "HF_ENDPOINT",
    "TORCH_HOME",
    "XDG_CACHE_HOME",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
)
ADDRESSES = ("HF_ENDPOINT", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
FIXED = {
    "NO_ALBUMENTATIONS_UPDATE": "1",
    "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    "OMP_WAIT_POLICY": "PASSIVE",  # waiting threads that spin make a busy machine ten times slower
    "PYTHONUNBUFFERED": "1",
    "PYTHONSAFEPATH": "1",
    "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
}


class Local:
    """The environment is a list of what may pass, so that no secret of the server reaches a worker."""

    def launch(self, folder: Path, env: Mapping[str, str], leases: Sequence[int] = ()) -> subprocess.Popen[bytes]:
        with (folder / "log.txt").open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "aistudio.engine", str(folder)],
                cwd=folder,
                env=environment(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=leases,
            )
        threading.Thread(target=child.wait, name=f"reaper of {child.pid}", daemon=True).start()  # no zombie is left
        return child

    def alive(self, handle: Handle) -> bool:
        assert isinstance(handle, subprocess.Popen)
        return handle.poll() is None

    def exit_code(self, handle: Handle) -> int | None:
        assert isinstance(handle, subprocess.Popen)
        return handle.poll()

    def end(self, handle: Handle) -> None:
        assert isinstance(handle, subprocess.Popen)
        if handle.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(handle.pid, signal.SIGKILL)


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """Of a worker."""
    passed = {name: value for name in PASSED_ON if (value := os.environ.get(name)) is not None}
    passed |= {name: _without_login(passed[name]) for name in ADDRESSES if name in passed}
    return {**passed, **FIXED, "PYTHONPATH": _import_path(), **more}


def _without_login(address: str) -> str:
    """Without the name and password before its host: a proxy that wants them refuses, which the run then says."""
    return re.sub(r"^(\w+://)?.*@", r"\1", address)


def _import_path() -> str:
    """Where the worker finds this very package, installed or not: its working directory is another one."""
    paths = [str(Path(aistudio.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return os.pathsep.join(path for path in paths if path)
