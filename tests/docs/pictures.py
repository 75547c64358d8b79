"""Pictures of the README, of a real run in real Chromium: `python -m tests.docs.pictures` takes them."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import expect, sync_playwright

from tests.fixtures import free_port

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github" / "pictures"
MINUTE = 60_000
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


def main() -> int:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("Chromium is not installed, so no pictures were taken (on Debian: apt-get install chromium)")
        return 1 if os.environ.get("AISTUDIO_REQUIRE_BROWSER") else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=MINUTE)  # a machine that does other things as well
    with _server() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=CHROMIUM)
        page = browser.new_page(base_url=url, viewport={"width": 1440, "height": 900}, color_scheme="light")
        _train_the_demo(page)
        _fail_one(page, url)
        page.emulate_media(color_scheme="dark")
        page.wait_for_timeout(800)
        page.screenshot(path=FOLDER / "completed-dark.png")
        page.emulate_media(color_scheme="light")
        page.get_by_role("tab", name="Data").click()
        page.wait_for_timeout(1500)
        page.screenshot(path=FOLDER / "data.png")
        browser.close()
    return 0


def _train_the_demo(page: Any) -> None:
    page.goto("/")
    page.get_by_role("button", name="Try the demo project").click()
    page.wait_for_url(re.compile(r"/training\?experiment="), timeout=MINUTE)
    expect(page.get_by_text(re.compile(r"Epoch: [4567]/8|✓ Completed")).first).to_be_visible(timeout=3 * MINUTE)
    page.mouse.move(5, 5)
    page.wait_for_timeout(700)
    page.screenshot(path=FOLDER / "training.png")
    expect(page.get_by_text("✓ Completed")).to_be_visible(timeout=3 * MINUTE)
    page.mouse.move(5, 5)
    page.wait_for_timeout(1500)
    page.screenshot(path=FOLDER / "completed.png")


FAILING = {
    "model": {"backbone": "convnext_atto", "pretrained": False},
    "optimizer": {"kind": "SGD", "lr": 10, "momentum": 0.99},
    "scheduler": {"kind": "None"},
}


def _fail_one(page: Any, url: str) -> None:
    """A learning rate that is far too high: the loss is no number after a few steps."""
    before = page.url
    base = f"{url}/api/projects/{before.split('/projects/')[1].split('/')[0]}/experiments"
    demo = httpx.get(base, timeout=60).json()[0]["config"]
    made = httpx.post(base, json={"name": "Far too fast", "config": {**demo, **FAILING}}, timeout=60).json()
    httpx.post(f"{base}/{made['id']}/train", timeout=60).raise_for_status()
    page.get_by_role("listitem", name="Far too fast").click()
    expect(page.get_by_text("✗ Failed").first).to_be_visible(timeout=3 * MINUTE)
    page.wait_for_timeout(1500)
    page.screenshot(path=FOLDER / "failed.png")
    page.goto(before)
    expect(page.get_by_text("✓ Completed")).to_be_visible()
    page.wait_for_timeout(2000)


@contextmanager
def _server() -> Iterator[str]:
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        options = f"--workspace {folder}/workspace --state-dir {folder}/state --port {port} --no-open"
        command = [sys.executable, "app.py", *options.split(), "--stop-workers-on-exit"]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            _wait(f"http://127.0.0.1:{port}/api/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def _wait(url: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(url)


if __name__ == "__main__":
    sys.exit(main())
