"""The pages in a real Chromium: both languages, both widths, dark and light, without one console error.

DISTRICT_SCREENSHOTS names a folder for full-page screenshots.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.district.pages.seed import DISTRICT

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
PAGES = {
    "today": f"/districts/{DISTRICT}",
    "form": f"/districts/{DISTRICT}/form",
    "item": f"/districts/{DISTRICT}/items/2.2.5.1",
    "undetermined": f"/districts/{DISTRICT}/items/2.6.1.1",
    "documents": f"/districts/{DISTRICT}/items/2.2.4.1",
}
#: Contrast of text against its nearest background, WCAG 2.2 relative luminance; AA asks 4.5 (3 for large text).
CONTRAST = """() => {
  const linear = v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 };
  const luminance = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
  const rgba = s => { const n = s.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n };
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = rgba(getComputedStyle(e).backgroundColor);
      if (c[3] > .99) return c;
    }
    return [255, 255, 255, 1];
  };
  const bad = [];
  for (const e of document.querySelectorAll("body *")) {
    if (e.closest("svg, .hidden, .skip") || !e.getClientRects().length) continue;
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const style = getComputedStyle(e), a = luminance(rgba(style.color)), b = luminance(behind(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    const text = e.textContent.trim().slice(0, 30);
    if (ratio < (parseFloat(style.fontSize) >= 24 ? 3 : 4.5)) bad.push(`${ratio.toFixed(2)} ${e.className} ${text}`);
  }
  return bad;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.is_file():
        pytest.skip("needs chromium: apt-get install --no-install-recommends chromium fonts-noto-cjk libatomic1")
    with sync_playwright() as playwright:
        # Chromium has no sandbox for root.
        launched = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        yield launched
        launched.close()


def watch(page: Page, host: str) -> list[str]:
    """What goes wrong on a page: console errors, exceptions, failed requests, requests to another host."""
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda request: wrong.append(request.url))
    page.on(
        "request", lambda request: wrong.append(request.url) if urlsplit(request.url).netloc not in (host, "") else None
    )
    return wrong


@pytest.mark.parametrize(
    ("width", "scheme", "lang"),
    [(1440, "light", "zh"), (390, "dark", "zh"), (1440, "dark", "en"), (390, "light", "en")],
)
def test_every_page_is_whole_at_every_size(
    site: str, browser: Browser, width: int, scheme: Literal["light", "dark"], lang: str
) -> None:
    with browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme) as context:
        page = context.new_page()
        wrong = watch(page, urlsplit(site).netloc)
        for name, path in PAGES.items():
            answer = page.goto(f"{site}{path}?lang={lang}")
            assert answer is not None
            assert answer.status == 200, name
            assert page.locator("html").get_attribute("lang") == ("zh-Hans" if lang == "zh" else "en")
            assert page.locator("h1").count() == 1
            assert page.locator(".demo .wrap").first.is_visible(), "the banner of a demo district"
            assert page.evaluate("document.documentElement.scrollWidth") == width, f"{name} scrolls sideways"
            assert page.evaluate(CONTRAST) == []
            if folder := os.environ.get("DISTRICT_SCREENSHOTS"):
                Path(folder).mkdir(parents=True, exist_ok=True)
                page.screenshot(path=Path(folder) / f"{name}-{width}-{scheme}-{lang}.png", full_page=True)
        assert wrong == []


def test_a_reader_walks_from_the_district_to_an_item_and_keeps_the_language(site: str, browser: Browser) -> None:
    with browser.new_context(locale="en-GB") as context:
        page = context.new_page()
        wrong = watch(page, urlsplit(site).netloc)
        page.goto(site)
        assert page.locator("h1").inner_text() == "Lakeside Demo District"
        page.get_by_role("link", name="中文").click()
        assert page.locator("h1").inner_text() == "湖畔示范商圈"
        page.get_by_role("link", name="自评表").click()
        assert page.locator("table.form tbody tr").count() == 64
        page.get_by_role("link", name="2.2.5.1").click()
        assert "完善智慧停车服务" in page.locator("h1").inner_text()
        assert page.locator("figure svg[role=img]").count() == 5
        assert page.locator("table.calendar tbody tr").count() == 30
        assert page.locator("table.calendar tbody td:not(.mean)").count() == 30 * 24
        assert wrong == []


def test_everything_on_a_page_can_be_reached_with_the_keyboard(site: str, browser: Browser) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(site)
        page.keyboard.press("Tab")
        assert page.locator(":focus").get_attribute("class") == "skip"
        page.keyboard.press("Enter")
        assert urlsplit(page.url).fragment == "main"
