"""Checks a part of a page with axe-core, and changes JupyterLab's theme for that."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.support.paths import ROOT

#: A development dependency of the lab extension.
_AXE = ROOT / "labextension/node_modules/axe-core/axe.min.js"
#: Themes of JupyterLab 4.4 and later.
THEMES = (
    "JupyterLab Light",
    "JupyterLab Dark",
    "JupyterLab Dark High Contrast",
)


def use_theme(page: Page, theme: str) -> None:
    """Change the theme, and wait until its colors are there."""
    page.evaluate(
        "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })"
        ".then(() => 0)",
        theme,
    )
    page.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=theme)
    # The colors of buttons change in a transition.
    page.wait_for_timeout(300)


def violations(page: Page, selector: str) -> list[str]:
    """Return what breaks a rule of axe-core in an element, each with its colors or its reason."""
    if not page.evaluate("'axe' in window"):
        # As a value: a policy of the server may forbid inline scripts.
        page.evaluate(_AXE.read_text("utf-8"))
    found: list[str] = page.evaluate(
        """async selector => {
            const options = { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'best-practice'] };
            const { violations } = await axe.run(selector, options);
            return violations.flatMap(({ id, nodes }) =>
                nodes.map(node => `${id}: ${node.html.slice(0, 120)} ${node.failureSummary}`));
        }""",
        selector,
    )
    return found
