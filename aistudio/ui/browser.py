"""The one place that writes JavaScript with something filled in: numbers only, never text of a user."""

from nicegui import ui


def focus(element: ui.element) -> None:
    """Puts the keyboard on it, once what was changed before has been drawn."""
    ui.run_javascript(f"getHtmlElement({element.id:d})?.focus()")
