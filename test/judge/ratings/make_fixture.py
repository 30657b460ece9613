"""Ratings of three raters and what scipy, pingouin and krippendorff say of them: writes fixture.json beside this file.

Python 3.11 with test/statistics/requirements.txt.
"""

import json
from pathlib import Path

import krippendorff
import numpy
import pandas
import pingouin
from scipy import stats

random = numpy.random.default_rng(20)
items = 40
questions = [f"q{number % 8}" for number in range(items)]
scores = numpy.round(random.uniform(0, 100, items), 1)
raters = ["ada", "ben", "cy"]
ratings = {
    name: numpy.clip(numpy.round((scores * slope + random.normal(0, noise, items) + shift) / 5) * 5, 0, 100)
    for name, slope, noise, shift in [("ada", 1.0, 12, 0), ("ben", 0.7, 20, 15), ("cy", 0.5, 30, 30)]
}
# Cy left some out.
ratings["cy"][[3, 11, 12, 30]] = numpy.nan


def pairwise(judged, rated, groups=None):
    """(1 + Somers' d of the scores given the ratings) / 2, pair by pair."""
    alike = pairs = 0
    for i in range(len(judged)):
        for j in range(i):
            if groups is not None and groups[i] != groups[j]:
                continue
            if rated[i] == rated[j]:
                continue
            pairs += 1
            agreement = numpy.sign(judged[i] - judged[j]) * numpy.sign(rated[i] - rated[j])
            alike += (agreement + 1) / 2
    return {"share": float(alike / pairs), "pairs": pairs}


def compare(rated):
    there = ~numpy.isnan(rated)
    judged, own = scores[there], rated[there]
    groups = [question for question, is_there in zip(questions, there) if is_there]
    somers = stats.somersd(own, judged).statistic
    overall = pairwise(judged, own)
    assert abs(overall["share"] - (1 + somers) / 2) < 1e-12
    return {
        "rated": int(there.sum()),
        "pearson": float(stats.pearsonr(judged, own).statistic),
        "spearman": float(stats.spearmanr(judged, own).statistic),
        "pairwise": overall,
        "pairwiseWithinQuestion": pairwise(judged, own, groups),
    }


table = numpy.array([ratings[name] for name in raters])
complete = ~numpy.isnan(table).any(axis=0)
long = pandas.DataFrame(
    [
        {"item": item, "rater": name, "rating": ratings[name][item]}
        for item in numpy.flatnonzero(complete)
        for name in raters
    ]
)
icc = pingouin.intraclass_corr(long, targets="item", raters="rater", ratings="rating").set_index("Type")
icc.index = icc.index.str.replace(r"[^A-Z0-9k]", "", regex=True)
single = "ICC2" if "ICC2" in icc.index else "ICCA1"
average = "ICC2k" if "ICC2k" in icc.index else "ICCAk"

pair_count = 30
differences = numpy.round(random.normal(0, 40, pair_count), 1)
labels = ["a", "b", "same"]
votes = {
    name: [
        "same" if abs(seen) < 8 else "a" if seen > 0 else "b"
        for seen in differences + random.normal(0, noise, pair_count)
    ]
    for name, noise in [("ada", 10), ("ben", 30)]
}
signs = {"a": 1, "b": -1, "same": 0}


def preference(names):
    alike = pairs = 0
    for name in names:
        for difference, vote in zip(differences, votes[name]):
            if vote == "same":
                continue
            pairs += 1
            alike += (numpy.sign(difference) * signs[vote] + 1) / 2
    return {"share": float(alike / pairs), "pairs": pairs}


fixture = {
    "questions": questions,
    "scores": scores.tolist(),
    "ratings": {name: [None if numpy.isnan(value) else value for value in ratings[name]] for name in raters},
    "expected": {
        **{name: compare(ratings[name]) for name in raters},
        "pooled": compare(numpy.nanmean(table, axis=0)),
        "ratedByAll": int(complete.sum()),
        "iccSingle": float(icc.loc[single, "ICC"]),
        "iccAverage": float(icc.loc[average, "ICC"]),
        "alpha": float(krippendorff.alpha(table, level_of_measurement="interval")),
    },
    "pairs": {
        "differences": differences.tolist(),
        "votes": votes,
        "expected": {
            "ada": preference(["ada"]),
            "ben": preference(["ben"]),
            "pooled": preference(["ada", "ben"]),
            "alpha": float(
                krippendorff.alpha(
                    numpy.array([[signs[vote] for vote in votes[name]] for name in votes], dtype=float),
                    level_of_measurement="ordinal",
                )
            ),
        },
    },
}
path = Path(__file__).with_name("fixture.json")
path.write_text(json.dumps(fixture, indent=1) + "\n")
