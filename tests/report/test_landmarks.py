"""The page of landmarks: its server answers to its own page only, and a person can click a face in a real browser."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nof1sim_test_photos import NAMES, SIZE, points, write_photo
from PIL import Image

from nof1sim.render.portrait.sidecar import read_sidecar
from nof1sim.report.landmarks import serve_landmarks
from nof1sim.report.landmarks_points import TO_CLICK, in_words, preview
from nof1sim.report.local_server import HOST

Site = tuple[int, str, Path]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Port, path of the page, folder: a face without landmarks, one with, and a grey picture."""
    paths = [write_photo(tmp_path / "anna.png", 0, sidecar=False), write_photo(tmp_path / "bela.jpg", 1)]
    Image.new("L", (90, 90), 9).save(tmp_path / "grey.png")
    server, page = serve_landmarks([*paths, tmp_path / "grey.png"])
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.server_address[1], page, tmp_path
        server.shutdown()
        thread.join()


def ask(port: int, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    own = {"Host": f"{HOST}:{port}"}
    if body is not None:
        own |= {"Origin": f"http://{HOST}:{port}", "Content-Type": "application/json"}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    data = None if body is None else json.dumps(body)
    connection.request("GET" if body is None else "POST", path, data, own | given)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def told(person: int) -> dict[str, Any]:
    return {"points_px": {name: list(map(float, at)) for name, at in points(person).items()}}


def test_nothing_without_the_token(site: Site) -> None:
    port, page, _ = site
    assert ask(port, page)[0] == 200
    for path in ("/", "/photo/0", "/points/0", "/x/photo/0", page[:-2] + "/", page + "photo/3", page + "photo/-1",
                 page + "photo/../photo/0", page + "none/0", page + "save/0"):  # fmt: skip
        assert ask(port, path)[0] == 404, path
    assert ask(port, page, Host="evil.example")[0] == 403


def test_only_the_own_page_may_save(site: Site) -> None:
    port, page, folder = site
    for headers in ({"Origin": "http://evil.example"}, {"Content-Type": "text/plain"}, {"Content-Length": "9999999"}):
        assert ask(port, page + "save/0", told(0), **{k.replace("-", "_"): v for k, v in headers.items()})[0] == 403
    assert ask(port, "/save/0", told(0))[0] == 404
    assert not (folder / "anna.png.landmarks.json").exists()
    status, data = ask(port, page + "save/0", told(0))
    assert (status, json.loads(data)) == (200, {"saved": "anna.png.landmarks.json"})
    assert set(read_sidecar(folder / "anna.png.landmarks.json")) == set(NAMES)


@pytest.mark.parametrize(
    "body", [[], {"points_px": 3}, {"points_px": {"menton": [1]}}, {"points_px": {"chin": [1, 2]}}]
)
def test_what_cannot_be_saved_is_told(site: Site, body: Any) -> None:
    port, page, folder = site
    status, data = ask(port, page + "save/0", body)
    assert status == 500
    assert b"points" in data
    assert not (folder / "anna.png.landmarks.json").exists()


def test_the_photograph_comes_without_its_metadata(site: Site) -> None:
    port, page, folder = site
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "Anna at home"
    Image.open(folder / "anna.png").save(folder / "anna.png", exif=exif)
    status, data = ask(port, page + "photo/0")
    assert status == 200
    assert b"Anna" not in data
    assert b"Exif" not in data
    assert json.loads(ask(port, page + "points/0")[1]) == {"size_px": [SIZE, SIZE], "points_px": {}, "message": ""}
    assert b"grey" in ask(port, page + "points/2")[1]


def test_the_grid_lies_on_the_face() -> None:
    found = preview(points(0))
    places = np.concatenate([np.array(line) for line in found["lines"]])
    at = points(0)
    assert len(found["lines"]) > 12
    assert at["ibug_03"][0] - 12 < places[:, 0].min() < places[:, 0].max() < at["ibug_15"][0] + 12
    assert at["trichion"][1] - 12 < places[:, 1].min() < places[:, 1].max() < at["menton"][1] + 12
    assert preview({name: at[name] for name in NAMES[:4]}) == {"lines": [], "message": ""}


def test_a_wrong_point_is_named_in_words() -> None:
    wrong = points(0) | {"pronasale": points(0)["trichion"]}
    said = preview(wrong)
    assert said["lines"] == []
    assert "tip of the nose" in said["message"]
    assert "allowed" not in in_words("key points: got 'menton 30 mm off'; allowed: within 28 mm.")


@pytest.fixture
def page(site: Site, browser: Any) -> Iterator[Any]:
    port, path, _ = site
    said: list[str] = []
    found = browser.new_page(viewport={"width": 1200, "height": 800})
    found.on("console", lambda message: said.append(message.text))
    found.on("pageerror", lambda error: said.append(str(error)))
    found.goto(f"http://{HOST}:{port}{path}")
    found.wait_for_selector("html[data-ready=true]")
    yield found
    found.close()
    assert [text for text in said if "willReadFrequently" not in text and "status of 500" not in text] == []


def until(page: Any, condition: str) -> None:
    """Wait for a condition in JavaScript (the page's policy forbids Playwright's own way)."""
    for _ in range(100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"never came true: {condition}")


def spot(page: Any, name: str, person: int = 0) -> tuple[float, float]:
    """Where a key point lies on the screen."""
    left, top, width, height = page.eval_on_selector(
        "#photo",
        "one => { const box = one.getBoundingClientRect(); return [box.left, box.top, box.width, box.height] }",
    )
    x, y = points(person)[name]
    return left + (x + 0.5) / SIZE * width, top + (y + 0.5) / SIZE * height


def test_a_face_is_clicked_and_saved(page: Any, site: Site) -> None:
    folder = site[2]
    assert page.inner_text("#title") == "anna.png"
    assert [name for name, *_ in TO_CLICK] == list(NAMES)
    for name in NAMES[:9]:
        page.mouse.click(*spot(page, name))
    assert page.is_visible("#loupe")
    assert "Hairline" in page.inner_text("#label")
    assert page.is_disabled("#save")
    until(page, "document.querySelectorAll('#marks path').length > 10")
    page.keyboard.press("h")  # hidden
    page.mouse.click(*spot(page, NAMES[11]))  # a wrong place for the eleventh, taken back
    page.keyboard.press("Control+z")
    for name in NAMES[10:]:
        page.mouse.click(*spot(page, name))
    x, y = spot(page, "menton")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y, steps=4)
    page.mouse.up()
    assert page.is_enabled("#save")
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-photo='2']")  # the second has landmarks, the third is none
    saved = read_sidecar(folder / "anna.png.landmarks.json", (SIZE, SIZE))
    assert set(saved) == set(NAMES) - {"trichion"}
    for name, at in saved.items():
        wanted = np.array(points(0)[name]) + ([30 * SIZE / 776, 0] if name == "menton" else 0)
        assert np.hypot(*(np.array(at) - wanted)) < 0.6, name
    until(page, "document.querySelector('#error').innerText.includes('grey')")


def test_points_that_were_saved_can_be_mended(page: Any, site: Site) -> None:
    page.click("#skip")
    page.wait_for_selector("html[data-photo='1']")
    until(page, "document.querySelectorAll('#marks circle').length === 12")
    page.click("#points li[data-name=menton]")
    before = read_sidecar(site[2] / "bela.jpg.landmarks.json")["menton"]
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_selector("html[data-photo='2'], html[data-photo='0']")
    after = read_sidecar(site[2] / "bela.jpg.landmarks.json")["menton"]
    assert after[1] - before[1] == pytest.approx(3, abs=0.06)
