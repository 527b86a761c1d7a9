"""The server of `nof1sim view`: this machine only, the dataset's own pictures only."""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nof1sim.dataset.reader import open_dataset
from nof1sim.errors import DatasetError
from nof1sim.model import Unit
from nof1sim.report.serve import HOST, serve

Reply = tuple[int, dict[str, str], bytes]


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    with serve(open_dataset(folder)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def ask(port: int, path: str, method: str = "GET", host: str | None = None) -> Reply:
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    connection.request(method, path, headers={"Host": host or f"{HOST}:{port}"})
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), data


def test_the_page_and_a_patient(port: int) -> None:
    status, headers, data = ask(port, "/")
    assert status == 200
    assert headers["Content-Type"].startswith("text/html")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert b'"sampling":null' in data
    assert b"connect-src &#x27;self&#x27;" in data
    status, _, data = ask(port, "/patient/2")
    assert json.loads(data)["rank"] == 2
    assert len(json.loads(data)["sides"]) == 2


def test_pictures_are_the_dataset_s_own_bytes(port: int, folder: Path) -> None:
    status, headers, data = ask(port, "/image/0/1/9/1/left")
    assert (status, headers["Content-Type"]) == (200, "image/jpeg")
    assert data == (folder / "images" / "P002" / "P002_d009_left.jpg").read_bytes()
    twin = ask(port, "/image/1/1/9/1/front")[2]
    assert twin == (folder.with_name("trial-twins") / "no-treatment/images/P002/P002_d009_front.jpg").read_bytes()
    assert twin != ask(port, "/image/0/1/9/1/front")[2]


def test_masks_are_codes_of_stages(port: int, folder: Path) -> None:
    data = ask(port, "/mask/0/1/9/1/left")[2]
    codes = np.asarray(Image.open(io.BytesIO(data)))
    mask = open_dataset(folder).mask(Unit(1, 9, 1, "left"))
    assert ((codes > 0) == (mask > 0)).all()


@pytest.mark.parametrize(
    "path",
    [
        "/image/0/1/9/1/../../../../etc/passwd",
        "/image/0/1/9/1/%2e%2e%2fmanifest.json",
        "/../manifest.json",
        "/manifest.json",
        "/truth/manifest.json",
        "/images/P001/P001_d001_front.jpg",
        "/image/0/0/6/1/front",  # no photograph that day
        "/image/0/-1/9/1/front",
        "/image/7/0/9/1/front",
        "/image/0/0/9/1/up",
        "/image/0/0/9/1",
        "/patient/99",
        "/patient/x",
        "/patient/" + "9" * 5000,
        "//etc/passwd",
    ],
)
def test_nothing_else_is_answered(port: int, path: str) -> None:
    assert ask(port, path)[0] == 404


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "localhost:1", "[::1]:80"])
def test_another_host_name_is_refused(port: int, host: str) -> None:
    status, _, data = ask(port, "/", host=host)
    assert status == 403
    assert b"nof1sim-page" not in data
    assert len(data) < 100


def test_head_has_no_body_and_other_methods_are_refused(port: int) -> None:
    status, headers, data = ask(port, "/", "HEAD")
    assert (status, data) == (200, b"")
    assert int(headers["Content-Length"]) > 10_000
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert ask(port, "/", method)[0] == 501


def test_a_taken_port_is_a_letter(port: int, folder: Path) -> None:
    with pytest.raises(DatasetError, match=f"--port: {port} cannot be used"):
        serve(open_dataset(folder), port)
    with pytest.raises(DatasetError, match="--port: 99999"):
        serve(open_dataset(folder), 99999)


def test_it_listens_on_this_machine_only(folder: Path) -> None:
    with serve(open_dataset(folder)) as server:
        assert server.server_address[0] == "127.0.0.1"


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C reaches a Windows process in another way")
def test_view_says_where_it_is_and_ends_with_ctrl_c(folder: Path) -> None:
    command = [sys.executable, "-m", "nof1sim", "view", str(folder), "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            found = re.search(r"http://127\.0\.0\.1:(\d+)/", process.stdout.readline())
            assert found
            assert ask(int(found[1]), "/patient/0")[0] == 200
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert (process.returncode, out, err) == (0, "Ended.\n", "")


def test_report_and_its_letters(blinded: Path) -> None:
    from typer.testing import CliRunner

    from nof1sim.cli import app

    done = CliRunner().invoke(app, ["report", str(blinded)])
    assert done.exit_code == 0, done.output
    assert "Wrote" in done.output
    assert blinded.with_name("blinded-report.html").stat().st_size < 20_000_000
