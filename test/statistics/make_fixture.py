"""Makes the golden values that the tests of src/numeric compare with.

Every value comes from scipy, statsmodels, pingouin, scikit-learn or krippendorff, or, where none of them has it, from
the definition written out below with other means than the product uses (dummy variables instead of means, exact
fractions instead of floating point, every permutation instead of some). The tests read `golden/<topic>.json` and need
no Python.

    python -m venv /tmp/statistics && /tmp/statistics/bin/pip install -r test/statistics/requirements.txt
    /tmp/statistics/bin/python test/statistics/make_fixture.py
"""

import fractions
import itertools
import json
import math
import statistics
from pathlib import Path

import krippendorff
import numpy as np
import pandas as pd
import pingouin
import scipy.sparse
import scipy.stats
import sklearn.feature_extraction.text
import sklearn.linear_model
import sklearn.metrics
import statsmodels.api as sm
import statsmodels.formula.api as smf
import statsmodels.stats.proportion

GOLDEN = Path(__file__).parent / "golden"


def main():
    topics = [
        moments,
        distributions,
        correlation,
        grouped_correlation,
        area_under_curve,
        intraclass,
        bootstrap,
        permutation,
        linear_regression,
        ridge_regression,
        conformal,
        proportion_interval,
        agreement,
        krippendorff_alpha,
        ngrams,
        sparse_ridge,
    ]
    for topic in topics:
        write(topic.__name__.replace("_", "-"), topic(np.random.default_rng(20250721)))


def moments(rng):
    plain = rng.normal(3, 2, 41).round(3)
    # Deviations that drown when squares of the values are summed: exact fractions know better.
    offset = (1e9 + rng.normal(0, 1, 30)).round(6)
    wide = np.concatenate([rng.normal(0, 1e-3, 10), [1e8, -1e8]])
    cases = []
    for values in (plain, offset, wide):
        exact = [fractions.Fraction(float(v)) for v in values]
        cases.append(
            {
                "values": values,
                "mean": float(statistics.mean(exact)),
                "variance": float(statistics.variance(exact)),
                "deviation": math.sqrt(statistics.variance(exact)),
                "quantiles": [[p, np.quantile(values, p)] for p in (0, 0.025, 0.1, 0.25, 0.5, 0.731, 0.975, 1)],
            }
        )
    return cases


def distributions(rng):
    student = [
        [c, df, scipy.stats.t.isf((1 - c) / 2, df)]
        for df in (0.5, 1, 2, 3, 5, 10.5, 30, 100, 1678, 1e5)
        for c in (0.01, 0.5, 0.9, 0.95, 0.99, 0.999)
    ]
    freedoms = (0.7, 1, 2, 5, 17.3, 100, 5000)
    fisher = [
        [p, a, b, scipy.stats.f.ppf(p, a, b)] for a in freedoms for b in freedoms for p in (0.001, 0.025, 0.5, 0.975)
    ]
    normal = [
        [p, scipy.stats.norm.ppf(p)] for p in (1e-300, 1e-20, 1e-5, 0.025, 0.075, 0.08, 0.3, 0.5, 0.8, 0.93, 0.999999)
    ]
    beta = [
        [a, b, x, scipy.stats.beta.cdf(x, a, b)]
        for a in (0.5, 1, 3.5, 40, 2000)
        for b in (0.5, 1, 3.5, 40, 2000)
        for x in (1e-6, 0.01, 0.3, 0.5, 0.9, 0.9999)
    ]
    return {"student": student, "fisher": fisher, "normal": normal, "beta": beta}


def correlation(rng):
    x = rng.normal(0, 1, 60)
    cases = [
        (x, 0.6 * x + rng.normal(0, 1, 60)),
        (x.round(0), (x + rng.normal(0, 1, 60)).round(0)),
        (1e7 + x, -3e5 * x + rng.normal(0, 1e5, 60)),
        (x[:2], x[2:4]),
    ]
    return [
        {
            "x": a,
            "y": b,
            "pearson": scipy.stats.pearsonr(a, b).statistic,
            "spearman": scipy.stats.spearmanr(a, b).statistic,
            "ranksOfX": scipy.stats.rankdata(a),
        }
        for a, b in cases
    ]


def grouped_correlation(rng):
    return {"balanced": two_way(rng, 1.0), "unbalanced": two_way(rng, 0.35), "disconnected": disconnected(rng)}


def two_way(rng, kept):
    rows, columns = 9, 14
    prompt, question = (a.ravel() for a in np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"))
    shared = rng.normal(0, 1, rows * columns)
    x = 50 + 20 * rng.normal(0, 1, rows)[prompt] + 5 * rng.normal(0, 1, columns)[question] + shared
    y = (
        30 * rng.normal(0, 1, rows)[prompt]
        + 9 * rng.normal(0, 1, columns)[question]
        + shared
        + rng.normal(0, 1, x.size)
    )
    control = 0.5 * x - rng.normal(0, 1, rows)[prompt] + rng.normal(0, 2, x.size)
    keep = rng.permutation(x.size)[: int(kept * x.size)]
    return grouped_case(*(a[keep] for a in (x, y, control, prompt, question)))


def disconnected(rng):
    """Two blocks of prompts and questions without a cell in common, one prompt with a single row."""
    prompt = np.array([0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 2, 4])
    question = np.array([0, 1, 2, 0, 1, 2, 3, 4, 3, 4, 5, 5, 0])
    x, y, control = rng.normal(0, 1, (3, prompt.size))
    return grouped_case(x, y, control, prompt, question)


def grouped_case(x, y, control, prompt, question):
    frame = pd.DataFrame({"x": x, "y": y, "control": control, "prompt": prompt, "question": question})
    prompts = pd.get_dummies(frame["prompt"], dtype=float).to_numpy()
    questions = pd.get_dummies(frame["question"], dtype=float).to_numpy()

    def residual(values, design):
        return values - design @ np.linalg.lstsq(design, values, rcond=None)[0]

    both = np.hstack([prompts, questions])
    # The partial correlation out of the t of x in a regression with the control and every prompt.
    fit = sm.OLS(y, np.column_stack([x, control, prompts])).fit()
    t = fit.tvalues[0]
    means = frame.groupby("prompt", sort=False)["y"].mean()
    return {
        "x": x,
        "y": y,
        "control": control,
        "prompt": [f"p{p}" for p in prompt],
        "question": question,
        "within": (
            pingouin.rm_corr(frame, x="x", y="y", subject="prompt")["r"].iloc[0]
            if (frame.groupby("prompt").size() > 1).all()
            else np.corrcoef(residual(x, prompts), residual(y, prompts))[0, 1]
        ),
        "interaction": np.corrcoef(residual(x, both), residual(y, both))[0, 1],
        "partial": t / math.sqrt(t * t + fit.df_resid),
        "meansOfY": [[f"p{p}", m] for p, m in means.items()],
    }


def area_under_curve(rng):
    cases = []
    for positives, negatives in (
        (rng.normal(1, 1, 50), rng.normal(0, 1, 70)),
        (rng.integers(0, 6, 40), rng.integers(0, 5, 33)),
        (np.array([1.0]), np.array([1.0, 2.0])),
    ):
        labels = np.r_[np.ones(len(positives)), np.zeros(len(negatives))]
        scores = np.r_[positives, negatives]
        cases.append(
            {"positives": positives, "negatives": negatives, "area": sklearn.metrics.roc_auc_score(labels, scores)}
        )
    return cases


def intraclass(rng):
    # Table 2 of Shrout and Fleiss 1979.
    judges = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)
    noisy = rng.normal(0, 1, (25, 1)) + rng.normal(0, 0.8, (25, 3)) + rng.normal(0, 0.3, (1, 3))
    unrelated = rng.normal(0, 1, (8, 4))
    unequal = [list(rng.normal(m, 1, k)) for m, k in zip(rng.normal(0, 1, 9), (1, 2, 3, 5, 2, 4, 1, 6, 3))]
    return {"balanced": [icc_case(r) for r in (judges, noisy, unrelated)], "unequal": one_way(unequal)}


def icc_case(ratings):
    """Values from pingouin; it rounds its intervals, so they are computed again from statsmodels' mean squares, by the
    formulas of McGraw and Wong 1996, table 7, and compared with what it shows."""
    n, k = ratings.shape
    long = pd.DataFrame(
        {"target": np.repeat(np.arange(n), k), "rater": np.tile(np.arange(k), n), "rating": ratings.ravel()}
    )
    table = pingouin.intraclass_corr(long, "target", "rater", "rating").set_index("Type")
    names = {
        "icc1": {"single": "ICC(1,1)", "average": "ICC(1,k)"},
        "icc2": {"single": "ICC(A,1)", "average": "ICC(A,k)"},
    }
    intervals = {"icc1": one_way_interval(long, n, k), "icc2": two_way_interval(long, n, k)}
    for kind, of in names.items():
        for name, row in of.items():
            assert np.allclose(table["CI95"][row], intervals[kind][name], atol=0.0051)
    values = {kind: {name: table["ICC"][row] for name, row in of.items()} for kind, of in names.items()}
    return {"ratings": ratings, "values": values, "intervals": intervals}


def one_way_interval(long, n, k):
    squares = sm.stats.anova_lm(smf.ols("rating ~ C(target)", long).fit())["mean_sq"]
    ratio = squares["C(target)"] / squares["Residual"]
    low = ratio / scipy.stats.f.ppf(0.975, n - 1, n * (k - 1))
    high = ratio * scipy.stats.f.ppf(0.975, n * (k - 1), n - 1)
    return {"single": [(f - 1) / (f + k - 1) for f in (low, high)], "average": [1 - 1 / f for f in (low, high)]}


def two_way_interval(long, n, k):
    squares = sm.stats.anova_lm(smf.ols("rating ~ C(target) + C(rater)", long).fit())["mean_sq"]
    targets, raters, error = (squares[name] for name in ("C(target)", "C(rater)", "Residual"))
    icc = (targets - error) / (targets + (k - 1) * error + k * (raters - error) / n)
    a = k * icc / (n * (1 - icc))
    b = 1 + k * icc * (n - 1) / (n * (1 - icc))
    v = (a * raters + b * error) ** 2 / ((a * raters) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1)))
    up, down = scipy.stats.f.ppf(0.975, n - 1, v), scipy.stats.f.ppf(0.975, v, n - 1)
    noise = k * raters + (k * n - k - n) * error
    single = [
        n * (targets - up * error) / (up * noise + n * targets),
        n * (down * targets - error) / (noise + n * down * targets),
    ]
    return {"single": single, "average": [r * k / (1 + r * (k - 1)) for r in single]}


def one_way(groups):
    """Variance components from the analysis of variance (statsmodels), k0 from their expected mean squares."""
    long = pd.DataFrame([(i, r) for i, group in enumerate(groups) for r in group], columns=["target", "rating"])
    table = sm.stats.anova_lm(smf.ols("rating ~ C(target)", long).fit())
    between, within = table["mean_sq"]["C(target)"], table["mean_sq"]["Residual"]
    sizes = np.array([len(g) for g in groups])
    k0 = (sizes.sum() - (sizes**2).sum() / sizes.sum()) / (len(groups) - 1)
    component = (between - within) / k0
    return {
        "groups": groups,
        "k0": k0,
        "single": component / (component + within),
        "average": component / (component + within / k0),
    }


class Xoshiro:
    """xoshiro128** seeded through splitmix32, from their definitions."""

    MASK = 0xFFFFFFFF

    def __init__(self, seed):
        self.seed = seed & self.MASK
        self.state = [self.split() for _ in range(4)]

    def split(self):
        self.seed = (self.seed + 0x9E3779B9) & self.MASK
        z = self.seed ^ (self.seed >> 16)
        z = (z * 0x21F0AAAD) & self.MASK
        z ^= z >> 15
        z = (z * 0x735A2D97) & self.MASK
        return z ^ (z >> 15)

    def next(self):
        def rotl(v, k):
            return ((v << k) | (v >> (32 - k))) & self.MASK

        s = self.state
        result = (rotl((s[1] * 5) & self.MASK, 7) * 9) & self.MASK
        t = (s[1] << 9) & self.MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 11)
        return result / 2**32


def bootstrap(rng):
    """A cluster bootstrap of r written out with whole arrays, on indices drawn by the same generator."""
    sizes = [5, 1, 7, 3, 4, 6, 2, 5, 8, 3, 4, 5]
    cluster = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    x = rng.normal(0, 1, len(sizes))[cluster] + rng.normal(0, 1, cluster.size)
    y = x + rng.normal(0, 1.5, len(sizes))[cluster] + rng.normal(0, 1, cluster.size)
    random = Xoshiro(77)
    resamples = 400
    indices = [[int(random.next() * len(sizes)) for _ in sizes] for _ in range(resamples)]
    values = []
    for chosen in indices:
        rows = np.concatenate([np.flatnonzero(cluster == c) for c in chosen])
        values.append(np.corrcoef(x[rows], y[rows])[0, 1])
    return {
        "x": x,
        "y": y,
        "cluster": cluster,
        "seed": 77,
        "resamples": resamples,
        "indices": indices[:50],
        "values": values,
        "interval95": np.percentile(values, [2.5, 97.5]),
        "interval80": np.percentile(values, [10, 90]),
    }


def permutation(rng):
    x = np.array([1.3, 0.2, 2.9, 3.1, 4.4, 5.2, 4.9])
    y = np.array([2.0, 0.4, 1.1, 4.2, 2.8, 4.0, 3.3])
    observed = np.corrcoef(x, y)[0, 1]
    every = [np.corrcoef(x, p)[0, 1] for p in itertools.permutations(y)]
    return {"x": x, "y": y, "observed": observed, "exactP": np.mean(np.abs(every) >= abs(observed) - 1e-12)}


def linear_regression(rng):
    x = rng.uniform(-4, 9, 37)
    y = 12 - 3.1 * x + rng.normal(0, 4, 37)
    fit = sm.OLS(y, sm.add_constant(x)).fit()
    at = [-10, 0, 2.5, 40]
    predictions = []
    for confidence in (0.95, 0.8):
        table = fit.get_prediction(sm.add_constant(np.array(at))).summary_frame(alpha=1 - confidence)
        for x0, row in zip(at, table.to_dict("records")):
            predictions.append(
                {
                    "x": x0,
                    "confidence": confidence,
                    "mean": row["mean"],
                    "meanInterval": [row["mean_ci_lower"], row["mean_ci_upper"]],
                    "observationInterval": [row["obs_ci_lower"], row["obs_ci_upper"]],
                }
            )
    return {
        "x": x,
        "y": y,
        "slope": fit.params[1],
        "intercept": fit.params[0],
        "residualDeviation": math.sqrt(fit.mse_resid),
        "meanX": x.mean(),
        "sumOfSquaresX": x.var() * x.size,
        "predictions": predictions,
    }


def ridge_regression(rng):
    """scikit-learn's Ridge by singular values; features are multiples of 1/64, so that float32 holds them exactly."""
    cases = []
    for n, d in ((40, 12), (15, 60), (70, 70)):
        features = sixty_fourths(rng.normal(0, 1, (n, d)) * rng.uniform(0.2, 4, d) + rng.normal(0, 3, d))
        features[:, 3] = sixty_fourths(500 + 0.5 * rng.normal(0, 1, n))
        features[:, 7] = 0.75
        target = features[:, :5] @ rng.normal(0, 1, 5) + rng.normal(0, 1, n)
        subset = np.sort(rng.permutation(n)[: n - 4])
        penalties = [0.001, 1, 250]
        for standardize in (False, True):
            for rows in (None, subset):
                x, y = (features, target) if rows is None else (features[rows], target[rows])
                # The statistics of a standard scaler, written out: a feature that does not vary is left alone.
                spread = x.std(axis=0)
                scale = np.where((spread > 0) & standardize, spread, 1)
                models = []
                for penalty in penalties:
                    fit = sklearn.linear_model.Ridge(alpha=penalty, solver="svd").fit((x - x.mean(axis=0)) / scale, y)
                    weights = fit.coef_ / scale
                    models.append({"weights": weights, "intercept": fit.intercept_ - weights @ x.mean(axis=0)})
                cases.append({"features": len(cases) // 4, "standardize": standardize, "rows": rows, "models": models})
        cases[-4]["data"] = {"values": features.ravel(), "columns": d, "target": target, "penalties": penalties}
    data = [case.pop("data") for case in cases if "data" in case]
    return {"data": data, "cases": cases, "crossValidation": cross_validation(data[0])}


def cross_validation(data):
    x = np.reshape(data["values"], (-1, data["columns"]))
    y = np.asarray(data["target"])
    folds = [{"train": np.delete(np.arange(len(y)), np.s_[k::4]), "test": np.arange(k, len(y), 4)} for k in range(3)]
    predictions = []
    for penalty in data["penalties"]:
        fits = [
            sklearn.linear_model.Ridge(alpha=penalty, solver="svd").fit(x[f["train"]], y[f["train"]]) for f in folds
        ]
        predictions.append(np.concatenate([fit.predict(x[f["test"]]) for fit, f in zip(fits, folds)]))
    rows = np.concatenate([f["test"] for f in folds])
    errors = [sklearn.metrics.mean_squared_error(y[rows], p) for p in predictions]
    return {"folds": folds, "rows": rows, "predictions": predictions, "errors": errors}


def sixty_fourths(values):
    return np.round(values * 64) / 64


def conformal(rng):
    residuals = rng.normal(0, 2, 83).round(6)
    predicted = rng.uniform(0, 100, 83).round(6)
    widths = []
    for confidence in ("0.5", "0.9", "0.95", "0.98"):
        rank = math.ceil((len(residuals) + 1) * fractions.Fraction(confidence))
        widths.append([float(confidence), np.sort(np.abs(residuals))[rank - 1]])
    edges = np.quantile(predicted, [0.25, 0.5, 0.75])
    bins = np.digitize(predicted, edges)
    by_bin = []
    for b in range(4):
        sizes = np.sort(np.abs(residuals[bins == b]))
        by_bin.append(sizes[math.ceil((len(sizes) + 1) * fractions.Fraction("0.8")) - 1])
    return {"residuals": residuals, "predicted": predicted, "widths": widths, "edges": edges, "byBin": by_bin}


def proportion_interval(rng):
    return [
        [k, n, c, *statsmodels.stats.proportion.proportion_confint(k, n, alpha=1 - c, method="wilson")]
        for k, n in ((0, 7), (7, 7), (3, 7), (947, 1000), (1, 5000))
        for c in (0.8, 0.95, 0.99)
    ]


def agreement(rng):
    reference = rng.integers(0, 5, 40)
    scores = (reference + rng.normal(0, 2, 40)).round(0)
    first, second = rng.integers(0, 3, 60), rng.integers(0, 3, 60)
    second = np.where(rng.random(60) < 0.5, first, second)
    return {
        "reference": reference,
        "scores": scores,
        # Somers' d of the scores given the reference leaves out the pairs that the reference ties.
        "share": (1 + scipy.stats.somersd(reference, scores).statistic) / 2,
        "pairs": int(sum(a != b for a, b in itertools.combinations(reference.tolist(), 2))),
        "first": first,
        "second": second,
        "kappa": sklearn.metrics.cohen_kappa_score(first, second),
    }


def krippendorff_alpha(rng):
    # The example of Krippendorff 2011, section C and D: 4 observers, 12 units.
    nan = math.nan
    printed = np.array(
        [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, nan, nan, nan],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, nan, 3],
            [nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, nan],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, nan],
        ]
    )
    truth = rng.normal(50, 20, 30)
    scores = (truth + rng.normal(0, 8, (5, 30))).round(-1)
    scores[rng.random((5, 30)) < 0.4] = nan
    return [
        {
            "ratings": [[None if math.isnan(v) else v for v in unit] for unit in data.T.tolist()],
            **{
                level: krippendorff.alpha(data, level_of_measurement=level)
                for level in ("nominal", "ordinal", "interval")
            },
        }
        for data in (printed, scores)
    ]


def ngrams(rng):
    """scikit-learn's character n-grams, counts and weights; only the hash is written out here."""
    training = [
        "The quick brown fox",
        "the QUICK  brown\n\tdog",
        "Ein Füchslein, naïve: 狐は速い。",
        "aaaaaaaa",
        "",
        "x",
        "smile 😀😀 smile 😀😀",
        "I am so sorry, you are right!",
        "You are wrong; I am not sorry.",
    ]
    unseen = ["A quick smile 😀", "zzz", "brown brown brown dogs"]
    buckets, lengths = 512, (2, 5)
    grams = sklearn.feature_extraction.text.CountVectorizer(analyzer="char", ngram_range=lengths).build_analyzer()
    vectorizer = sklearn.feature_extraction.text.TfidfVectorizer(
        analyzer=lambda text: [str(bucket(gram, buckets)) for gram in grams(text)],
        vocabulary=[str(b) for b in range(buckets)],
        sublinear_tf=True,
        smooth_idf=True,
        norm="l2",
    ).fit(training)
    rows = []
    for text in training + unseen:
        row = vectorizer.transform([text])
        row.sort_indices()
        rows.append({"columns": row.indices, "values": row.data})
    return {"training": training, "unseen": unseen, "buckets": buckets, "idf": vectorizer.idf_, "rows": rows}


def bucket(gram, buckets):
    """FNV-1a over code points, then MurmurHash3's final mix."""
    h = 0x811C9DC5
    for character in gram:
        h = ((h ^ ord(character)) * 0x01000193) % 2**32
    h ^= h >> 16
    h = h * 0x85EBCA6B % 2**32
    h ^= h >> 13
    h = h * 0xC2B2AE35 % 2**32
    h ^= h >> 16
    return h % buckets


def sparse_ridge(rng):
    matrix = scipy.sparse.random(48, 300, density=0.07, random_state=rng, format="csr")
    matrix.data = sixty_fourths(matrix.data) + 1 / 64
    matrix.sort_indices()
    target = rng.normal(3, 2, 48)
    labels = target > 3
    fits = []
    for penalty in (0.01, 1, 30):
        ridge = sklearn.linear_model.Ridge(alpha=penalty, solver="svd").fit(matrix.toarray(), target)
        classifier = sklearn.linear_model.RidgeClassifier(alpha=penalty, solver="svd").fit(matrix.toarray(), labels)
        fits.append(
            {
                "penalty": penalty,
                "weights": ridge.coef_,
                "intercept": ridge.intercept_,
                "decisions": classifier.decision_function(matrix.toarray()),
            }
        )
    return {
        "rows": 48,
        "columns": 300,
        "starts": matrix.indptr,
        "entryColumns": matrix.indices,
        "entryValues": matrix.data,
        "target": target,
        "labels": labels,
        "fits": fits,
    }


def write(topic, value):
    GOLDEN.mkdir(exist_ok=True)
    text = json.dumps(value, default=plain, allow_nan=False, separators=(",", ":"))
    (GOLDEN / f"{topic}.json").write_text(text + "\n")


def plain(value):
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(type(value))


if __name__ == "__main__":
    main()
