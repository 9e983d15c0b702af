"""Sends the logs of the epochs to a server."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from runtime.callbacks.base import Callback, Logs


class RemoteMonitor(Callback):
    """Posts each epoch's logs to ``root + path``; a server that is away is only warned of.

    Args:
        root: address of the server, with ``http://`` or ``https://``.
        path: path on the server.
        field: name of the form field that holds the JSON text.
        headers: further HTTP headers.
        send_as_json: whether to send the JSON itself (as ``application/json``) and no form.

    Reference:
        https://keras.io/callbacks (Keras 2.2.4).
    """

    timeout = 30.0
    """Seconds after which a silent server counts as out of reach."""

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Mapping[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Sends the epoch's logs."""
        text = json.dumps({"epoch": epoch} | {k: _plain(v) for k, v in (logs or {}).items()})
        if self.send_as_json:
            body, kind = text, "application/json"
        else:
            body = urllib.parse.urlencode({self.field: text})
            kind = "application/x-www-form-urlencoded"
        try:
            self._post(body.encode(), {"Content-Type": kind, **(self.headers or {})})
        except urllib.error.HTTPError as error:
            error.close()
            warnings.warn(
                f"RemoteMonitor root server at {self.root} answered {error.code} {error.reason}",
                stacklevel=2,
            )
        except (OSError, http.client.HTTPException, ValueError):
            warnings.warn(
                f"Warning: could not reach RemoteMonitor root server at {self.root}", stacklevel=2
            )

    def _post(self, body: bytes, headers: Mapping[str, str]) -> None:
        url = f"{self.root}{self.path}"
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"{url!r} is no HTTP address")
        request = urllib.request.Request(url, body, dict(headers), method="POST")
        with urllib.request.urlopen(request, timeout=self.timeout):
            pass


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value
