"""A server on this machine, in place of the network."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest


@dataclass
class Server:
    """Serves `files`, and keeps what was asked for."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    """(path, range) of each request."""
    break_after: int | None = None
    """Bytes after which the next connection ends."""
    status: int | None = None
    """What is answered in place of a file."""
    has_ranges: bool = True
    has_tags: bool = True


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            wanted = self.headers.get("Range")
            name = self.path.lstrip("/")
            served.requests.append((name, wanted))
            if served.status or name not in served.files:
                self.send_error(served.status or 404)
                return
            content = served.files[name]
            tag = f'"{hashlib.md5(content).hexdigest()}"'
            start = 0
            if wanted and served.has_ranges and self.headers.get("If-Range") == tag:
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
                if start >= len(content):
                    self.send_error(416)
                    return
                self.send_response(206)
                self.send_header(
                    "Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}"
                )
            else:
                self.send_response(200)
            if served.has_tags:
                self.send_header("ETag", tag)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            stop, served.break_after = served.break_after, None
            self.wfile.write(content[start:] if stop is None else content[start : start + stop])

        def log_message(self, *arguments):
            pass

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Server(f"http://127.0.0.1:{listening.server_address[1]}")
    thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield served
    listening.shutdown()
    thread.join()
    listening.server_close()
