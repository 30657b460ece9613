"""Writes golden/real-readout.json: a readout of real last prompt tokens, computed by scikit-learn and numpy.

A small piece of the answers of a finished extraction: 240 answers, two layers, 24 columns. Run in the repository's root,
in an environment with requirements.txt:

    python test/statistics/make_real_readout_fixture.py <node> <run folder of vector extract>
"""

import glob
import json
import os
import sys

import numpy as np
from readout_reference import choose, fold_script, read_lines, read_safetensors

node, run = sys.argv[1:3]
LAYERS, COLUMNS, HIDDEN_SIZE, ROWS = [28, 29], 24, 576, 240
words, scores, states = [], [], []
for path in sorted(glob.glob(os.path.join(run, "rollouts-[0-9][0-9][0-9][0-9].jsonl"))):
    stem = path[: -len(".jsonl")]
    own = read_lines(path)
    (score_path,) = glob.glob(f"{stem}.scores-*.jsonl")
    part, _ = read_safetensors(f"{stem}.safetensors")
    words += own
    scores += [line["expression"]["value"] for line in read_lines(score_path)]
    states += [part[f"prompt_last.{index}"].reshape(-1, HIDDEN_SIZE) for index in range(len(own))]
keep = np.linspace(0, len(words) - 1, ROWS).astype(int)
scores = np.array(scores)[keep]
prompts = np.array([2 * word["pair"] + (word["side"] == "positive") for word in words])[keep]
questions = np.array([word["question"] for word in words])[keep]
layers = {number + 1: np.array([states[row][layer][:COLUMNS] for row in keep]) for number, layer in enumerate(LAYERS)}
penalties = [30.0, 300.0]
expected = choose(layers, scores, prompts, questions, penalties, fold_script(node, prompts, questions, 3, 0))
expected["byLayer"] = list(expected["byLayer"].values())
json.dump(
    {
        "layers": [[float(str(value)) for value in x.ravel()] for x in layers.values()],
        "columns": COLUMNS,
        "scores": scores.tolist(),
        "systemPrompts": prompts.tolist(),
        "questions": questions.tolist(),
        "penalties": penalties,
        "expected": expected,
    },
    open("test/statistics/golden/real-readout.json", "w"),
)
