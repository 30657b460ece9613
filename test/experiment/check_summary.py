"""Computes the figures of an experiment's summary.json again from its rows.csv, by other means.

Correlations come from scipy, what levels and questions explain is taken away by least squares on dummy variables
(statsmodels), reliability comes from pingouin where every condition has equally many scores and from statsmodels'
analysis of variance where not, intervals from resampling questions with numpy. They resample evaluation questions
only, because rows.csv does not hold the vector: beside the intervals of an experiment with an extracted vector they
are narrower.

    python -m venv /tmp/statistics && /tmp/statistics/bin/pip install -r test/statistics/requirements.txt
    /tmp/statistics/bin/python test/experiment/check_summary.py <run>/rows.csv

The files in fixtures/*.json were made by it from the files beside them.
"""

import csv
import json
import sys

import numpy as np
import pandas as pd
import pingouin
import scipy.stats
import statsmodels.api as sm
import statsmodels.formula.api as smf

RESAMPLES = 4000


def main(path):
    with open(path, newline="") as file:
        answers = pd.DataFrame(csv.DictReader(file)).map(lambda text: float(text) if text else np.nan)
    baselines = list(answers.columns[4:-1])
    unscored = int(answers["score"].isna().sum())
    scored = answers.dropna(subset=["score"])
    conditions = scored.groupby(["level", "question"], as_index=False).agg(
        {"projection": "first", "score": "mean", **{name: "first" for name in baselines}}
    )
    reliability = icc(scored)
    r = float(scipy.stats.pearsonr(conditions["projection"], conditions["score"]).statistic)
    figures = {
        "unscoredAnswers": unscored,
        "correlation": {
            "perAnswer": estimate(scored, lambda rows: pearson(rows["projection"], rows["score"])),
            **predictor(conditions, "projection"),
            "partialWithinLevel": within(conditions, "projection", "C(level) + baseline", baselines[0])
            if baselines
            else None,
            "spearman": {
                "perAnswer": spearman(scored),
                "perCondition": spearman(conditions),
            },
            "permutationP": permutation_p(conditions),
            "reliability": reliability,
            "correctedR": r / np.sqrt(reliability["mean"]),
        },
        "baselines": [{"name": name, **predictor(conditions, name)} for name in baselines],
        "levels": [
            {"level": int(level), "meanScore": rows["score"].mean(), "meanProjection": rows["projection"].mean()}
            for level, rows in conditions.groupby("level")
        ],
        "calibration": {"line": line(conditions), "answerLine": line(scored)},
    }
    print(json.dumps(figures, indent=2))


def pearson(x, y):
    return float(np.corrcoef(x, y)[0, 1])


def spearman(rows):
    return {"n": len(rows), "r": float(scipy.stats.spearmanr(rows["projection"], rows["score"]).statistic)}


def predictor(conditions, name):
    """Over conditions, and within levels, within questions, and with both taken away."""
    return {
        "perCondition": estimate(conditions, lambda rows: pearson(rows[name], rows["score"])),
        "withinLevel": estimate(
            conditions, lambda rows: demeaned(rows, name, "level"), exact=within(conditions, name, "C(level)")
        ),
        "withinQuestion": within(conditions, name, "C(question)"),
        "interaction": within(conditions, name, "C(level) + C(question)"),
    }


def within(conditions, name, explained_by, baseline=None):
    """The correlation of what dummy variables leave of both columns."""
    rows = pd.DataFrame(
        {
            "x": conditions[name],
            "y": conditions["score"],
            "level": conditions["level"],
            "question": conditions["question"],
        }
    )
    if baseline is not None:
        rows["baseline"] = conditions[baseline]
    rest = [smf.ols(f"{column} ~ {explained_by}", rows).fit().resid for column in ("x", "y")]
    return {"n": len(rows), "r": float(scipy.stats.pearsonr(*rest).statistic)}


def demeaned(rows, name, group):
    """The same by group means: quick enough for resampling."""
    x = rows[name] - rows.groupby(group)[name].transform("mean")
    y = rows["score"] - rows.groupby(group)["score"].transform("mean")
    return float((x @ y) / np.sqrt((x @ x) * (y @ y)))


def estimate(rows, correlation, exact=None):
    """A correlation with its percentile interval over whole questions drawn with replacement."""
    rng = np.random.default_rng(20250721)
    questions = [group for _, group in rows.groupby("question")]
    drawn = []
    for _ in range(RESAMPLES):
        chosen = rng.integers(0, len(questions), len(questions))
        drawn.append(correlation(pd.concat([questions[i] for i in chosen])))
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    found = {"n": len(rows), "r": correlation(rows)} if exact is None else exact
    return {**found, "low": float(low), "high": float(high)}


def permutation_p(conditions):
    def statistic(x):
        return pearson(x, conditions["score"])

    result = scipy.stats.permutation_test(
        (conditions["projection"].to_numpy(),),
        statistic,
        permutation_type="pairings",
        n_resamples=10000,
        rng=np.random.default_rng(1),
    )
    return float(result.pvalue)


def icc(scored):
    rows = scored.assign(condition=scored["level"].astype(str) + "/" + scored["question"].astype(str))
    sizes = rows.groupby("condition").size()
    if sizes.nunique() == 1:
        rows["rater"] = rows.groupby("condition").cumcount()
        table = pingouin.intraclass_corr(rows, targets="condition", raters="rater", ratings="score").set_index("Type")
        single, average = [name for name in table.index if name.startswith(("ICC1", "ICC(1"))]
        return {"single": float(table.loc[single, "ICC"]), "mean": float(table.loc[average, "ICC"])}
    table = sm.stats.anova_lm(smf.ols("score ~ C(condition)", rows).fit())
    between, noise = table.loc["C(condition)", "mean_sq"], table.loc["Residual", "mean_sq"]
    k = (sizes.sum() - (sizes**2).sum() / sizes.sum()) / (len(sizes) - 1)
    return {
        "single": float((between - noise) / (between + (k - 1) * noise)),
        "mean": float((between - noise) / between),
    }


def line(rows):
    x = rows["projection"]
    fit = sm.OLS(rows["score"], sm.add_constant(x)).fit()
    return {
        "slope": float(fit.params["projection"]),
        "intercept": float(fit.params["const"]),
        "residualDeviation": float(np.sqrt(fit.mse_resid)),
        "n": len(rows),
        "meanX": float(x.mean()),
        "sumOfSquaresX": float(((x - x.mean()) ** 2).sum()),
    }


if __name__ == "__main__":
    main(sys.argv[1])
