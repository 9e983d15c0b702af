"""CSVLogger, History, LambdaCallback and RemoteMonitor."""

import json
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest

from kir.errors import ConfigError
from runtime.callbacks import CSVLogger, EarlyStopping, LambdaCallback, ProgbarLogger, RemoteMonitor


def test_history_keeps_the_order_of_the_logs(fit, feed):
    history = fit([feed("val_loss", [0.5, 0.25])], epochs=2)
    assert list(history.history) == ["loss", "acc", "val_loss"]
    assert history.history["val_loss"] == [0.5, 0.25]
    assert history.epoch == [0, 1]


def read(path):
    return path.read_bytes().decode()


def test_csv(fit, feed, tmp_path):
    path = tmp_path / "log.csv"
    notes = feed("note", ["a", "b, c", 'd"e', ""])
    vectors = feed("vec", [[1, 2], (3, 4), np.array([5, 6]), np.array(7)])
    fit([notes, vectors, CSVLogger(path)], epochs=4, losses=(1.0, 1.0, 1.0))
    assert read(path) == (
        "epoch,acc,loss,note,vec\r\n"
        '0,0.25,1.0,a,"""[1, 2]"""\r\n'
        '1,0.25,1.0,"b, c","""[3, 4]"""\r\n'
        '2,0.25,1.0,"d""e","""[5, 6]"""\r\n'
        "3,0.25,1.0,,7\r\n"
    )


@pytest.mark.parametrize("is_same_object", [False, True])
@pytest.mark.parametrize(("append", "rows"), [(True, [0, 1, 0, 1, 2]), (False, [0, 1, 2])])
def test_csv_of_a_second_run(fit, tmp_path, append, rows, is_same_object):
    path = tmp_path / "log.csv"
    first = CSVLogger(path, separator="\t", append=append)
    fit([first], epochs=2)
    fit([first if is_same_object else CSVLogger(path, "\t", append)], epochs=3)
    lines = [line.split("\t") for line in read(path).splitlines()]
    assert [line[0] for line in lines] == ["epoch", *map(str, rows)]


def test_csv_writes_na_for_what_an_epoch_lacks(fit, tmp_path):
    path = tmp_path / "log.csv"
    validation = LambdaCallback(
        on_epoch_end=lambda epoch, logs: logs.update(val_loss=1.0) if epoch < 1 else None
    )
    fit([validation, CSVLogger(path)], epochs=2, losses=(1.0, 1.0, 1.0))
    assert read(path).splitlines()[1:] == ["0,0.25,1.0,1.0", "1,0.25,1.0,NA"]


def test_csv_is_closed_after_an_early_stop(fit, feed, tmp_path):
    logger = CSVLogger(tmp_path / "log.csv")
    fit([feed("val_loss", [1.0, 2.0, 3.0]), EarlyStopping(patience=1), logger], epochs=3)
    assert logger.csv_file is None
    assert len(read(tmp_path / "log.csv").splitlines()) == 3


def test_lambda_callback_calls_what_it_was_given(fit):
    log = []
    fit(
        [
            LambdaCallback(
                on_epoch_begin=lambda e, logs: log.append(("epoch_begin", e, list(logs))),
                on_epoch_end=lambda e, logs: log.append(("epoch_end", e, list(logs))),
                on_batch_begin=lambda b, logs: log.append(("batch_begin", b, list(logs))),
                on_batch_end=lambda b, logs: log.append(("batch_end", b, list(logs))),
                on_train_begin=lambda logs: log.append(("train_begin", list(logs))),
                on_train_end=lambda logs: log.append(("train_end", list(logs))),
                note="kept",
            )
        ],
        sizes=(4, 2),
        losses=(1.0, 2.0),
    )
    begin, end = ["batch", "size"], ["batch", "size", "loss", "acc"]
    assert log == [
        ("train_begin", []),
        ("epoch_begin", 0, []),
        ("batch_begin", 0, begin),
        ("batch_end", 0, end),
        ("batch_begin", 1, begin),
        ("batch_end", 1, end),
        ("epoch_end", 0, ["loss", "acc"]),
        ("train_end", []),
    ]


def test_progbar_logger_refuses_an_unknown_count_mode():
    with pytest.raises(ConfigError, match="Unknown `count_mode`: 'foo'"):
        ProgbarLogger(count_mode="foo")


@pytest.fixture
def server():
    """A server that remembers what it was sent and answers with `server.status`."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            received.append((self.path, self.headers, body))
            self.send_response(http.status)
            self.end_headers()

        def log_message(self, *args):
            pass

    http = HTTPServer(("127.0.0.1", 0), Handler)
    http.status, http.received = 200, received
    http.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield http
    http.shutdown()
    http.server_close()
    thread.join()


LOGS = {"loss": np.float32(0.5), "acc": np.float64(0.25)}


def test_remote_monitor_sends_a_form(server):
    RemoteMonitor(server.url, path="/x/y", field="stuff").on_epoch_end(3, LOGS)
    [(path, headers, body)] = server.received
    assert path == "/x/y"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert body == "stuff=%7B%22epoch%22%3A+3%2C+%22loss%22%3A+0.5%2C+%22acc%22%3A+0.25%7D"
    assert json.loads(urllib.parse.parse_qs(body)["stuff"][0])["epoch"] == 3


def test_remote_monitor_sends_json(server):
    RemoteMonitor(server.url, headers={"X-Test": "yes"}, send_as_json=True).on_epoch_end(0, LOGS)
    [(path, headers, body)] = server.received
    assert (path, body) == ("/publish/epoch/end/", '{"epoch": 0, "loss": 0.5, "acc": 0.25}')
    assert (headers["Content-Type"], headers["X-Test"]) == ("application/json", "yes")


@pytest.mark.parametrize("root", ["http://127.0.0.1:9", "no address", "file:///tmp"])
def test_remote_monitor_warns_if_nobody_is_there(root):
    with pytest.warns(UserWarning, match="could not reach RemoteMonitor root server at " + root):
        RemoteMonitor(root).on_epoch_end(0, LOGS)


def test_remote_monitor_warns_of_a_refusal(server):
    server.status = 500
    with pytest.warns(UserWarning, match="answered 500"):
        RemoteMonitor(server.url).on_epoch_end(0, LOGS)
