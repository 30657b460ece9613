"""What a readout should be, computed by scikit-learn and numpy; and readers of a run's files."""

import json
import math
import subprocess

import numpy as np
import sklearn.linear_model
import sklearn.pipeline
import sklearn.preprocessing


def read_safetensors(path):
    data = open(path, "rb").read()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        raw = data[8 + length + begin : 8 + length + end]
        tensors[name] = np.frombuffer(raw, dtype="<f4").reshape(entry["shape"])
    return tensors, metadata


def read_lines(path):
    return [json.loads(line) for line in open(path)]


def fold_script(node, prompts, questions, folds, seed):
    """The folds, from the product, whose random numbers are its own."""
    script = f"""
    import {{ crossedFolds }} from './src/numeric/grouped-folds.ts'
    import {{ deriveSeed }} from './src/numeric/random.ts'
    const seed = deriveSeed({seed}, 'forecast/folds')
    const folds = crossedFolds({prompts.tolist()}, {questions.tolist()}, {{ folds: {folds}, seed, everyPair: true }})
    console.log(JSON.stringify(folds.map(({{ train, test }}) => ({{ train: [...train], test: [...test] }}))))
    """
    return json.loads(subprocess.check_output([node, "--input-type=module", "-e", script]))


def within(values, groups):
    sums, counts = np.bincount(groups, values), np.bincount(groups)
    return values - (sums / np.maximum(counts, 1))[groups]


def ridge(penalty):
    return sklearn.pipeline.make_pipeline(
        sklearn.preprocessing.StandardScaler(), sklearn.linear_model.Ridge(alpha=penalty, solver="cholesky")
    )


def half_width(residuals, confidence):
    ordered = np.sort(np.abs(residuals))
    return float(ordered[math.ceil((len(ordered) + 1) * confidence - 1e-9) - 1])


def choose(layers, scores, prompts, questions, penalties, folds):
    tested = np.concatenate([fold["test"] for fold in folds])
    best, by_layer = None, {}
    for number, x in layers.items():
        x = x.astype(float)
        readings = []
        for penalty in penalties:
            predicted = np.concatenate(
                [ridge(penalty).fit(x[f["train"]], scores[f["train"]]).predict(x[f["test"]]) for f in folds]
            )
            r = np.corrcoef(within(predicted, prompts[tested]), within(scores[tested], prompts[tested]))[0, 1]
            readings.append((r, number, penalty, predicted))
        top = max(readings, key=lambda reading: reading[0])
        by_layer[number] = top[0]
        if best is None or top[0] > best[0]:
            best = top
    r, number, penalty, predicted = best
    fit = ridge(penalty).fit(layers[number].astype(float), scores)
    scaler, model = fit[0], fit[1]
    direction = model.coef_ / scaler.scale_
    residuals = scores[tested] - predicted
    edges = np.quantile(predicted, [1 / 3, 2 / 3])
    bins = np.searchsorted(edges, predicted, side="right")
    return {
        "layer": number,
        "penalty": penalty,
        "withinPromptR": float(r),
        "byLayer": by_layer,
        "direction": direction.tolist(),
        "intercept": float(model.intercept_ - direction @ scaler.mean_),
        "halfWidth": half_width(residuals, 0.9),
        "edges": edges.tolist(),
        "halfWidths": [half_width(residuals[bins == b], 0.9) for b in range(3)],
    }
