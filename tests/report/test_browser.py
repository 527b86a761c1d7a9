"""The page in a real browser: nothing is fetched, nothing fails, and one can look at every day."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nof1sim.dataset.reader import open_dataset
from nof1sim.report.page import write_report
from nof1sim.report.serve import HOST, serve

from .conftest import EVIL

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 780}
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def url(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_report(open_dataset(folder), tmp_path_factory.mktemp("page") / "page.html").as_uri()


@pytest.fixture
def visit(browser: Any, url: str) -> Iterator[Open]:
    """Opens the page; in the end nothing may have been asked of a network or written to the console."""
    said: list[str] = []
    asked: list[str] = []
    pages: list[Any] = []

    def go(where: str = url, size: dict[str, int] = DESKTOP, **options: Any) -> Any:
        page = browser.new_page(viewport=size, **options)
        pages.append(page)
        page.on("console", lambda message: said.append(message.text))  # but for hints on `inked`, below
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(where)
        page.wait_for_selector("html[data-ready=true]")
        page.wait_for_selector("#patient .frame img")
        return page

    yield go
    for page in pages:
        page.close()
    assert [text for text in said if "willReadFrequently" not in text] == []
    assert [where for where in asked if not where.startswith(("file:", "data:", f"http://{HOST}:"))] == []


def until(page: Any, condition: str) -> None:
    """Wait for a condition in JavaScript (the page's policy forbids Playwright's own way)."""
    for _ in range(100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never came true: {condition}")


def day(page: Any) -> int:
    return int(page.input_value("#day"))


def picture(page: Any) -> str:
    return page.get_attribute("#patient .pane:last-child img", "src")


def cursor(page: Any) -> float:
    return page.eval_on_selector(".cursor:not(.pin)", "one => parseFloat(one.style.left)")


def inked(page: Any) -> int:
    """Pixels of the last overlay that are not clear."""
    return page.eval_on_selector(
        "#patient .pane:last-child canvas",
        """one => one.hidden ? 0 : [...one.getContext("2d").getImageData(0, 0, one.width, one.height).data]
           .filter((value, i) => i % 4 === 3 && value > 0).length""",
    )


def test_the_arrow_keys_move_picture_and_cursor(visit: Open) -> None:
    page = visit()
    page.focus("#day")
    was = day(page), picture(page), cursor(page)
    page.keyboard.press("ArrowLeft")
    assert day(page) == was[0] - 1
    assert picture(page) != was[1]
    assert cursor(page) < was[2]
    page.focus("#play")
    page.keyboard.press("ArrowRight")
    assert (day(page), picture(page), cursor(page)) == was
    page.focus("#day")
    page.keyboard.press("Home")
    assert day(page) == 1
    page.keyboard.press("End")
    assert day(page) == 35
    assert "Day 35" in page.inner_text("#patient .pane:last-child .when")


@pytest.mark.parametrize("touch", [False, True])
def test_dragging_along_the_days(visit: Open, touch: bool) -> None:
    page = visit(size=PHONE if touch else DESKTOP, has_touch=touch)
    page.locator("svg.score").scroll_into_view_if_needed()
    box = page.locator("svg.score").bounding_box()
    seen, pictures = [], set()
    y = box["y"] + 80
    if touch:
        for share in (0.2, 0.5, 0.9):
            page.touchscreen.tap(box["x"] + share * box["width"], y)
            seen.append(day(page))
            pictures.add(picture(page))
    else:
        page.mouse.move(box["x"] + 0.1 * box["width"], y)
        page.mouse.down()
        for share in (0.2, 0.5, 0.9):
            page.mouse.move(box["x"] + share * box["width"], y)
            seen.append(day(page))
            pictures.add(picture(page))
        page.mouse.up()
        page.mouse.move(box["x"] + 0.1 * box["width"], y)
    assert seen == sorted(set(seen))
    assert day(page) == seen[-1]
    assert len(pictures) == 3


def test_the_overlay_shows_and_hides_the_lesions(visit: Open) -> None:
    page = visit()
    page.focus("#day")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert inked(page) == 0
    page.click("#overlay")
    assert page.get_attribute("#overlay", "aria-pressed") == "true"
    every = inked(page)
    assert every > 0
    on = ".chip[aria-pressed=true]"
    kinds = page.locator(on).count()
    while page.locator(f"{on}:visible").count():
        page.locator(f"{on}:visible").first.click()
    assert inked(page) == 0
    page.click(".chip:has-text('Papule')")
    assert 0 < inked(page) <= every
    assert kinds > 1
    page.click("#overlay")
    assert inked(page) == 0


def test_a_missing_photograph_and_score_are_said(visit: Open) -> None:
    page = visit()
    page.evaluate("document.querySelector('.card[data-rank=\"0\"]').click()")
    until(page, "document.querySelector('#who').value === '0'")
    page.focus("#day")
    page.keyboard.press("Home")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert "No photograph on day 6" in page.inner_text("#patient .pane:last-child")
    page.keyboard.press("ArrowLeft")
    assert "no score" in page.inner_text("#patient .pane:last-child .when")


def test_pin_twin_play_and_the_next_patient(visit: Open) -> None:
    page = visit()
    page.click("#pin")
    pinned = page.get_attribute("#patient .pane:first-child img", "src")
    assert pinned == picture(page)
    page.focus("#day")
    page.keyboard.press("End")
    assert page.get_attribute("#patient .pane:first-child img", "src") == pinned != picture(page)
    page.click("[data-mode=twin]")
    assert "twin" in page.inner_text("#patient .pane:last-child .when")
    assert page.locator("path.twin").count() >= 1
    page.click("[data-mode=single]")
    assert page.locator("#patient .pane").count() == 1
    page.click("#play")
    until(page, "Number(document.querySelector('#day').value) > 2")
    page.click("#play")
    name = page.inner_text("#patient h2")
    page.click("[aria-label='Next patient']")
    until(page, f"!document.querySelector('#patient h2').innerText.includes({name!r})")


def test_hiding_the_truth_hides_all_of_it(visit: Open) -> None:
    page = visit()
    assert page.locator("path.true").count() >= 1
    page.click("#truth")
    assert page.get_attribute("#truth", "aria-checked") == "true"
    for gone in ("#patient path.true", ".lifelines", ".counts"):
        assert page.locator(gone).count() == 0, gone
    for hidden in ("#overlay", "#nuisance", "#checks table"):
        assert not page.is_visible(hidden), hidden
    assert "true severity" not in page.inner_text("#patient")
    page.click("#truth")
    assert page.is_visible("#overlay")
    assert page.locator(".lifelines").count() == 1


def test_hostile_names_stay_text(visit: Open) -> None:
    page = visit()
    assert page.locator("b", has_text="Cream").count() == 0
    assert EVIL in page.inner_text("#cohort")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_and_the_switch(visit: Open, scheme: str) -> None:
    page = visit(color_scheme=scheme)
    dark = "getComputedStyle(document.body).backgroundColor === 'rgb(20, 20, 22)'"
    assert page.evaluate(dark) == (scheme == "dark")
    page.click("#theme")
    assert page.evaluate(dark) == (scheme == "light")


def test_a_phone_needs_no_sideways_scrolling(visit: Open) -> None:
    page = visit(size=PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.click("[data-mode=twin]")
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_everything_can_be_reached_and_has_a_name(visit: Open) -> None:
    page = visit()
    nameless = """[...document.querySelectorAll('button, select, input, a, [role=img]')]
        .filter((one) => one.checkVisibility() && !(one.getAttribute('aria-label') || one.textContent.trim()))
        .map((one) => one.outerHTML.slice(0, 80))"""
    assert page.evaluate(nameless) == []
    assert (
        page.evaluate("new Set([...document.querySelectorAll('[id]')].map((one) => one.id)).size")
        == page.locator("[id]").count()
    )
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_on_paper_everybody_has_a_course_and_a_strip(visit: Open) -> None:
    page = visit(color_scheme="dark")
    page.emulate_media(media="print")
    assert page.locator("#paper .strip:visible").count() == 3
    assert page.locator("#paper .strip img:visible").count() >= 15
    assert not page.is_visible("#patient")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert len(page.pdf()) > 20_000


def test_served_pages_show_full_pictures_and_masks(visit: Open, folder: Path) -> None:
    with serve(open_dataset(folder)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            page = visit(f"http://{HOST}:{server.server_address[1]}/")
            until(page, "document.querySelector('#patient .pane:last-child img').naturalWidth === 64")
            assert picture(page).startswith("image/0/")
            page.focus("#day")
            page.keyboard.press("Home")
            with page.expect_response(lambda answer: "/mask/" in answer.url) as found:
                page.click("#overlay")
            assert found.value.status == 200
            assert inked(page) > 0
        finally:
            server.shutdown()
            thread.join()


def test_without_truth_there_is_no_switch_for_it(visit: Open, blinded: Path, tmp_path: Path) -> None:
    page = visit(write_report(open_dataset(blinded), tmp_path / "blind.html").as_uri())
    assert page.locator("#overlay, #truth, .lifelines").count() == 0
    assert base64.b64decode(picture(page).partition(",")[2])[:4] == b"RIFF"
