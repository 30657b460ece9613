"""Writes golden/choose-readout.json: layer, penalty and intervals of a readout, computed by scikit-learn and numpy.

Only the dealing of groups to folds is taken from the product, whose random numbers are its own.
Run in the repository's root, in an environment with requirements.txt: python test/statistics/make_readout_fixture.py <node>
"""

import json
import math
import subprocess
import sys

import numpy as np
import sklearn.linear_model
import sklearn.pipeline
import sklearn.preprocessing

PROMPTS, QUESTIONS, COLUMNS, CONFIDENCE = 6, 15, 7, 0.9
PENALTIES = [0.5, 5.0, 50.0]
rng = np.random.default_rng(20261125)
prompts = np.repeat(np.arange(PROMPTS), QUESTIONS)
questions = np.tile(np.arange(QUESTIONS), PROMPTS)
script = f"""
import {{ crossedFolds }} from './src/numeric/grouped-folds.ts'
const folds = crossedFolds({prompts.tolist()}, {questions.tolist()}, {{ folds: 3, seed: 4, everyPair: true }})
console.log(JSON.stringify(folds.map(({{ train, test }}) => ({{ train: [...train], test: [...test] }}))))
"""
folds = json.loads(subprocess.check_output([sys.argv[1], "--input-type=module", "-e", script]))
for fold in folds:
    train, test = fold["train"], fold["test"]
    assert not set(prompts[train]) & set(prompts[test]) and not set(questions[train]) & set(questions[test])
tested = np.concatenate([fold["test"] for fold in folds])
assert sorted(tested) == list(range(len(prompts)))

layers = [(rng.normal(size=(len(prompts), COLUMNS)) * [1, 20, 0.1, 3, 1, 5, 2] + 4).astype(np.float32) for _ in range(3)]
scores = 50 + layers[1] @ [4, 0.5, 30, -2, 0, 1, 3] + 6 * rng.normal(size=len(prompts)) + 5 * prompts


def ridge(penalty):
    return sklearn.pipeline.make_pipeline(
        sklearn.preprocessing.StandardScaler(), sklearn.linear_model.Ridge(alpha=penalty, solver="svd")
    )


def within(values, groups):
    return values - np.array([values[groups == group].mean() for group in groups])


readings = []
for number, x in enumerate(layers):
    x = x.astype(float)
    for penalty in PENALTIES:
        predicted = np.concatenate(
            [ridge(penalty).fit(x[f["train"]], scores[f["train"]]).predict(x[f["test"]]) for f in folds]
        )
        r = np.corrcoef(within(predicted, prompts[tested]), within(scores[tested], prompts[tested]))[0, 1]
        readings.append((r, number, penalty, predicted))
r, layer, penalty, predicted = max(readings, key=lambda reading: reading[0])
fit = ridge(penalty).fit(layers[layer].astype(float), scores)
scaler, model = fit[0], fit[1]
direction = model.coef_ / scaler.scale_
residuals = np.sort(np.abs(scores[tested] - predicted))
json.dump(
    {
        "layers": [x.ravel().tolist() for x in layers],
        "columns": COLUMNS,
        "scores": scores.tolist(),
        "systemPrompts": prompts.tolist(),
        "questions": questions.tolist(),
        "penalties": PENALTIES,
        "byLayer": [max(q[0] for q in readings if q[1] == number) for number in range(len(layers))],
        "expected": {
            "layer": layer + 1,
            "penalty": penalty,
            "withinPromptR": r,
            "direction": direction.tolist(),
            "intercept": float(model.intercept_ - direction @ scaler.mean_),
            "halfWidth": residuals[math.ceil((len(residuals) + 1) * CONFIDENCE) - 1],
        },
    },
    open("test/statistics/golden/choose-readout.json", "w"),
)
