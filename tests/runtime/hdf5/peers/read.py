"""Reads kir's files with another Keras, and notes what it predicts and how it trains on."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np

k = importlib.import_module(sys.argv[1])

for path in sorted(Path().glob("*.h5")):
    if path.stem.startswith("weights_"):
        name = path.stem.removeprefix("weights_")
        model = k.models.model_from_json(Path(f"{name}.json").read_text())
        model.load_weights(path)
    else:
        name = path.stem
        model = k.models.load_model(path)
    with np.load(f"{name}.npz") as data:
        x = [data[key] for key in data.files if key.startswith("x")]
        y = data["y"]
    x = x if len(x) > 1 else x[0]
    found = {"p": model.predict(x, verbose=0)}
    if model.optimizer is not None and not path.stem.startswith("weights_"):
        model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
        found |= {f"w{i}": w for i, w in enumerate(model.get_weights())}
        found["metrics"] = np.array(json.dumps(model.metrics_names))
    np.savez(f"{path.stem}.out.npz", **found)
