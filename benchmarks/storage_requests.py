"""How many requests a trial costs in an object store, by layout: counted at a real S3 server on loopback.

    pip install "nof1sim[s3]" "moto[server]"
    python benchmarks/storage_requests.py --patients 3 --days 140 --views front,left,right

Prints requests by kind, while simulating and while reading every picture and mask once, per 1,000 pictures.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from collections import Counter
from typing import Any

KINDS = {"PUT": "put", "POST": "put in parts", "DELETE": "delete", "HEAD": "look", "GET": "get"}


class Counting:
    """A WSGI application around another that counts what it is asked."""

    def __init__(self, app: Any) -> None:
        self.app, self.counts, self.sent = app, Counter(), 0
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        method, query = environ["REQUEST_METHOD"], environ.get("QUERY_STRING", "")
        kind = "list" if method == "GET" and "list-type" in query else KINDS.get(method, method)
        with self._lock:
            self.counts[kind] += 1
            self.sent += int(environ.get("CONTENT_LENGTH") or 0)
        return self.app(environ, start_response)


def served() -> Counting:
    """A server with one bucket, to which the environment points."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *_: Any, **__: Any) -> None: ...

    store = Counting(DomainDispatcherApplication(create_backend_app))
    http = make_server("127.0.0.1", 0, store, threaded=True, request_handler=Quiet)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{http.server_port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    import s3fs

    s3fs.S3FileSystem().mkdir("trials")
    return store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=3)
    parser.add_argument("--days", type=int, default=140)
    parser.add_argument("--views", default="front,left,right")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--workers", type=int, default=1)
    asked = parser.parse_args()
    store = served()

    import nof1sim
    from nof1sim.simulation.request import prepare

    images = {"views": asked.views.split(","), "size_px": asked.size}
    for layout in ("standard", "packed"):
        job = prepare(patients=asked.patients, days=asked.days, images=images | {"layout": layout})
        out = f"s3://trials/{layout}"
        started = time.monotonic()
        store.counts.clear()
        store.sent = 0
        outcome = nof1sim.simulate(job.protocol, out, workers=asked.workers)
        say(f"{layout}, simulated in {time.monotonic() - started:.0f} s", store.counts, outcome.total)
        print(f"    {store.sent / outcome.total / 1000:.1f} kB sent per picture")
        store.counts.clear()
        data = nof1sim.open_dataset(out)
        for unit, _ in data.images():
            data.mask(unit)
        say(f"{layout}, read", store.counts, outcome.total)


def say(what: str, counts: Counter[str], pictures: int) -> None:
    each = ", ".join(f"{kind} {1000 * count / pictures:.0f}" for kind, count in counts.most_common())
    print(
        f"{what}: {pictures} pictures; per 1,000: {1000 * counts.total() / pictures:.0f} requests ({each})", flush=True
    )


if __name__ == "__main__":
    main()
