"""Linear probes by scikit-learn: reference values for tests, and the yardstick on a run's own activations.

  probe_reference.py fixtures OUT.json   makes small problems and solves them
  probe_reference.py solve IN.json       solves {"x", "labels", "folds", "penalties"}, prints the same as JSON

Needs scikit-learn. A penalty is a row learned from: C = 1 / (penalty * rows). Columns are brought to deviation 1 over all
rows first. The penalty of a fold is the one under which the other folds, each held out in turn, have the least log loss.
"""

import json
import sys

import numpy as np
from sklearn.linear_model import LogisticRegression


def standardised(x):
    deviation = x.std(axis=0)
    return np.where(deviation == 0, 0.0, (x - x.mean(axis=0)) / np.where(deviation == 0, 1.0, deviation))


def fit(z, y, penalty):
    model = LogisticRegression(C=1 / (penalty * len(y)), tol=1e-10, max_iter=100_000, solver="lbfgs")
    return model.fit(z, y)


def log_loss(model, z, y):
    probability = model.predict_proba(z)[np.arange(len(y)), np.searchsorted(model.classes_, y)]
    return -np.log(np.maximum(probability, 1e-12)).sum()


def solve(x, labels, folds, penalties):
    z = standardised(np.asarray(x, dtype=np.float64))
    y = np.asarray(labels)
    f = np.asarray(folds)
    count = f.max() + 1
    probabilities = np.zeros((len(y), y.max() + 1))
    chosen, coefficients, intercepts = [], [], []
    for fold in range(count):
        losses = []
        for penalty in penalties:
            loss = 0.0
            for inner in range(count):
                if inner == fold:
                    continue
                learned = (f != fold) & (f != inner)
                loss += log_loss(fit(z[learned], y[learned], penalty), z[f == inner], y[f == inner])
            losses.append(loss)
        penalty = penalties[int(np.argmin(losses))]
        model = fit(z[f != fold], y[f != fold], penalty)
        probabilities[f == fold] = model.predict_proba(z[f == fold])
        chosen.append(penalty)
        coefficients.append(model.coef_.tolist())
        intercepts.append(model.intercept_.tolist())
    return {
        "chosen": chosen,
        "probabilities": probabilities.tolist(),
        "coefficients": coefficients,
        "intercepts": intercepts,
        "accuracy": float((probabilities.argmax(axis=1) == y).mean()),
    }


def problem(seed, rows, columns, classes, noise):
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, columns)) * np.exp(-2 * np.arange(columns) / columns) + random.normal(size=columns)
    x = x.astype(np.float32).round(4)
    scores = x @ random.normal(size=(columns, classes)) + noise * random.normal(size=(rows, classes))
    labels = (scores - scores.mean(axis=0)).argmax(axis=1)
    folds = random.permutation(rows) % 4
    return {
        "x": [[round(float(value), 4) for value in row] for row in x],
        "labels": labels.tolist(),
        "folds": folds.tolist(),
        "penalties": [1e-3, 1e-2, 1e-1, 1],
    }


def rounded(value):
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return float(f"{value:.7g}") if isinstance(value, float) else value


def main():
    if sys.argv[1] == "solve":
        with open(sys.argv[2]) as file:
            given = json.load(file)
        json.dump(solve(**given), sys.stdout)
        return
    cases = {
        "two classes": problem(1, 80, 6, 2, 2.0),
        "three classes": problem(2, 96, 8, 3, 2.0),
        "more columns than rows": problem(3, 40, 56, 2, 2.0),
        "five classes, more columns than rows": problem(4, 60, 70, 5, 4.0),
    }
    solved = {name: {**given, "expected": rounded(solve(**given))} for name, given in cases.items()}
    with open(sys.argv[2], "w") as file:
        json.dump(solved, file, separators=(",", ":"))
        file.write("\n")


main()
