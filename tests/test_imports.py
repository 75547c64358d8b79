"""What the studio must never import, looked at in a fresh process."""

import os
import subprocess
import sys
from pathlib import Path

FORBIDDEN = (
    "torch",
    "torchvision",
    "lightning",
    "timm",
    "torchmetrics",
    "albumentations",
    "sklearn",
    "aistudio.engine",
)
CODE = """
import sys
from pathlib import Path
import app
from aistudio.api.app import create_api
from aistudio.service import demo, experiments
from aistudio.settings import Settings
from aistudio.studio import Studio
folder = Path(sys.argv[1])
studio = Studio(Settings(workspace=folder / "w", state_dir=folder / "s", data_root=(folder,))).open("a test")
create_api(studio)
studio.devices.devices()
studio.close()
print(sorted(name for name in sys.argv[2:] if name in sys.modules))
"""


def test_the_studio_holds_nothing_heavy(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CODE, str(tmp_path), *FORBIDDEN],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
