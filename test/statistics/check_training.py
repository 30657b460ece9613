"""Checks a real training against scikit-learn and numpy.

Reads the run's own files: states, scores, and the forecaster that was made of them. Compared are layer, penalty,
correlation by layer, direction, intercept and conformal half widths. Only the dealing of groups to folds is taken from
the product. Run in the repository's root, in an environment with requirements.txt:

    python test/statistics/check_training.py <node> <run folder> <forecaster.safetensors>
"""

import glob
import json
import os
import sys

import numpy as np
from readout_reference import choose, fold_script, read_lines, read_safetensors

node, run, forecaster_path = sys.argv[1:4]
tensors, metadata = read_safetensors(forecaster_path)
readout, provenance = json.loads(metadata["readout"]), json.loads(metadata["provenance"])
training, evidence = provenance["training"], provenance["evidence"]
words, scores, states = [], [], {}
for path in sorted(glob.glob(os.path.join(run, "answers-[0-9][0-9][0-9][0-9].jsonl"))):
    stem = path[: -len(".jsonl")]
    words += read_lines(path)
    (score_path,) = glob.glob(f"{stem}.scores-*.jsonl")
    scores += [line["expression"].get("value", np.nan) for line in read_lines(score_path)]
    part, _ = read_safetensors(f"{stem}.safetensors")
    for name, values in part.items():
        states.setdefault(int(name.split(".")[1]), []).append(values)
scores = np.array(scores, dtype=float)
scored = ~np.isnan(scores)
layers = {layer: np.concatenate(parts)[scored] for layer, parts in sorted(states.items())}
scores = scores[scored]
prompts = np.array([word["prompt"] for word in words])[scored]
questions = np.array([word["question"] for word in words])[scored]
penalties = [300.0, 1000.0, 3000.0, 10000.0, 30000.0]

expected = choose(layers, scores, prompts, questions, penalties, fold_script(node, prompts, questions, training["folds"], training["seed"]))
assert expected["layer"] == readout["layer"] and expected["penalty"] == training["penalty"], expected
size = np.abs(expected["direction"]).max()
differences = {
    # The file keeps 32 bits of each number.
    "direction": float(np.abs(np.array(expected["direction"]) - tensors["direction"]).max() / size),
    "intercept": abs(expected["intercept"] - readout["intercept"]) / abs(expected["intercept"]),
    "halfWidth": abs(expected["halfWidth"] - readout["answerWidths"]["overall"]),
    "halfWidths": max(
        abs(a - b) for a, b in zip(expected["halfWidths"], readout["answerWidths"]["byPrediction"]["halfWidths"])
    ),
    "edges": max(abs(a - b) for a, b in zip(expected["edges"], readout["answerWidths"]["byPrediction"]["edges"])),
    "byLayer": max(abs(expected["byLayer"][at["layer"]] - at["withinPromptR"]) for at in evidence["byLayer"]),
}
print(json.dumps({"rows": len(scores), "layers": len(layers), "layer": expected["layer"], "differences": differences}))
assert max(differences.values()) < 1e-6, differences
