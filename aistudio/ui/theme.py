"""The look: one palette, light and dark, and the few rules that Quasar's defaults need."""

from pathlib import Path

from nicegui import app, ui
from nicegui.translations import translations

PRIMARY = "#245ce6"
STYLES = ("theme.css", "images.css", "splits.css")  # of all pages, of the images of Data, of Split
LOST = {
    "connection_lost": "The connection to the server is lost.",
    "trying_to_reconnect": "It is being tried again. Runs go on meanwhile.",
}
SPOKEN = """<script type="module">document.getElementById("popup")?.setAttribute("role", "alert")</script>"""

BACK = "<script>addEventListener('popstate', () => location.reload())</script>"  # what is selected is in the address


def install() -> None:
    """Once, before the server starts."""
    app.colors(primary=PRIMARY, positive="#15924f", negative="#d92d3a", warning="#b45309", dark="#1b1f26")
    app.config.quasar_config["loadingBar"]["skipHijack"] = True  # a bar without a name, at each request of the browser
    translations["en-US"] |= LOST
    ui.add_body_html(SPOKEN + BACK, shared=True)
    for name in STYLES:
        ui.add_css(Path(__file__).with_name(name).read_text(), shared=True)
    ui.button.default_props("no-caps unelevated")
    for field in (ui.input, ui.select, ui.number):
        field.default_props("dense outlined hide-bottom-space")
    ui.select.default_props("options-dense")
    ui.checkbox.default_props("dense")
