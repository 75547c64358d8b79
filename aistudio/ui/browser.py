"""The one place that writes JavaScript with something filled in: numbers only, never text of a user."""

from nicegui import ui


def focus(element: ui.element) -> None:
    """Puts the keyboard on it, once what was changed before has been drawn."""
    ui.run_javascript(f"setTimeout(() => getHtmlElement({element.id:d})?.focus())")


def hide_while_typing(tooltip: ui.tooltip, element: ui.element) -> None:
    """A tooltip gets out of the way of whoever types in what it explains."""
    handler = f"() => getElement({tooltip.id:d})?.hide()"
    for event in ("focus", "keydown"):
        element.on(event, js_handler=handler)


_PLAIN = """() => setTimeout(() => document.querySelectorAll('[role=listbox] > .q-virtual-scroll__content').forEach(
    (box) => { box.setAttribute('role', 'presentation'); box.removeAttribute('tabindex'); }))"""


def options_for_all(select: ui.select) -> None:
    """Quasar puts a box that can be focused between a list box and its options, which screen readers stumble over."""
    select.on("popup-show", js_handler=_PLAIN)
