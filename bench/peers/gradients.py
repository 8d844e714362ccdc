"""Reference scores of a job by plain differentiation, one row at a time: what the fast methods must equal.

usage: gradients.py JOB.json

Beside the fields that jobs.py names, a job has
  methods   of "graddot", "gradcos", "datainf", "repsim", "ekfac"
  layer     for repsim: 0 is the embedding, k the output of layer k (the last one before the final norm)
  labelsIn  for ekfac: JSONL file of drawn labels (kronfluence_job.LabelBook), or null
  damping   for ekfac: added to each module's Lambda; null: 0.1 x its mean
Definitions, g the gradient of a row's loss and v of a query's measurement:
  graddot   v . g        gradcos   v . g / (|v| |g|), over all tracked tensors together
  datainf   per tensor, n rows: lambda = 0.1 x mean over rows of mean(g^2);
            r = 1/(n lambda) sum_i [v - (v . g_i)/(lambda + |g_i|^2) g_i]; the sum over tensors of r . g
  repsim    cosine of the hidden states' means over the trained tokens' positions (queries: parts of positive factor)
  ekfac     float64: A, S over all positions, Lambda over rows; Q_S [(Q_S^T V Q_A) / (Lambda + damping)] Q_A^T . g
The result: {"scores": {method: [query][row]}, "queries": [id], "selfInfluence": [row: g . g], "rowLosses",
"queryLosses", "modules", "parameters", "seconds", "peakMemoryMiB"}. Gradients lie in a temporary file beside `out`.
"""

import tempfile
from pathlib import Path

import numpy as np
import torch

from jobs import JobError, Stopwatch, load_model, logits_of, pad, peak_memory, read_queries, read_rows
from jobs import row_losses, run_job, tracked_modules

METHODS = ("graddot", "gradcos", "datainf", "repsim", "ekfac")


class Gradients:
    """Gradients of many sequences with respect to the tracked weights, one row of a matrix on disk for each."""

    def __init__(self, model, weights, count, path):
        self.model = model
        self.weights = weights
        ends = np.cumsum([weight.numel() for weight in weights.values()])
        self.spans = {name: (end - weights[name].numel(), end) for name, end in zip(weights, ends, strict=True)}
        self.matrix = np.memmap(path, dtype=np.float32, mode="w+", shape=(count, int(ends[-1])))

    def fill(self, number, parts):
        """Writes the gradient of the parts' weighted losses; gives that sum, in nats."""
        total = 0.0
        for part in parts:
            batch = pad([part])
            loss = part.weight * row_losses(logits_of(self.model, batch), batch["labels"]).sum()
            gradients = torch.autograd.grad(loss, list(self.weights.values()))
            self.matrix[number] += torch.cat([gradient.flatten() for gradient in gradients]).numpy()
            total += loss.item()
        return total

    def of(self, name):
        """Float64 [sequence, element of this tensor]."""
        start, end = self.spans[name]
        return torch.from_numpy(np.array(self.matrix[:, start:end], dtype=np.float64))


def gradient_scores(methods, queries, rows):
    count = rows.matrix.shape[0]
    dots = torch.zeros(queries.matrix.shape[0], count, dtype=torch.float64)
    query_norms, row_norms, datainf = torch.zeros(len(dots), dtype=torch.float64), dots[0].clone(), dots.clone()
    for name in rows.spans:
        v, g = queries.of(name), rows.of(name)
        products, norms = v @ g.T, (g * g).sum(1)
        dots += products
        row_norms += norms
        query_norms += (v * v).sum(1)
        if "datainf" in methods:
            damping = 0.1 * (g * g).mean()
            inverse = (len(g) * v - (products / (damping + norms)) @ g) / (len(g) * damping)
            datainf += inverse @ g.T
    cosines = dots / (query_norms[:, None].sqrt() * row_norms.sqrt())
    return {"graddot": dots, "gradcos": cosines, "datainf": datainf}, row_norms


@torch.no_grad()
def mean_state(model, parts, layer):
    total, count = 0, 0
    for part in parts:
        batch = pad([part])
        states = hidden_state(model, batch, layer)[0].double()
        trained = batch["labels"][0] != -100
        trained[0] = False
        total, count = total + states[trained].sum(0), count + trained.sum()
    return total / count


def hidden_state(model, batch, layer):
    """By a hook, because transformers gives the last state after the final norm only."""
    body = model.get_base_model() if hasattr(model, "get_base_model") else model
    layers = next(m for m in body.modules() if isinstance(m, torch.nn.ModuleList))
    kept = []
    module = body.get_input_embeddings() if layer == 0 else layers[layer - 1]
    handle = module.register_forward_hook(
        lambda _module, _inputs, output: kept.append(output[0] if isinstance(output, tuple) else output)
    )
    try:
        logits_of(model, batch)
    finally:
        handle.remove()
    return kept[0]


def repsim_scores(model, queries, rows, layer):
    def unit(states):
        return torch.nn.functional.normalize(torch.stack(states), dim=1)

    asked = [[part for part in query.parts if part.weight > 0] for query in queries]
    return unit([mean_state(model, parts, layer) for parts in asked]) @ unit(
        [mean_state(model, [row], layer) for row in rows]
    ).T


def run(job):
    unknown = [method for method in job["methods"] if method not in METHODS]
    if unknown:
        raise JobError(f"methods: {', '.join(unknown)}: none of {', '.join(METHODS)}")
    rows, queries = read_rows(job["rows"]), read_queries(job["queries"])
    model = load_model(job).requires_grad_(False)
    names = tracked_modules(model, job["modules"])
    weights = {name: model.get_submodule(name).weight.requires_grad_() for name in names}
    watch = Stopwatch()
    scores = {}
    with tempfile.TemporaryDirectory(dir=Path(job["out"]).parent) as folder:
        row_gradients = Gradients(model, weights, len(rows), Path(folder) / "rows")
        query_gradients = Gradients(model, weights, len(queries), Path(folder) / "queries")
        with watch.stage("gradients"):
            row_sums = [row_gradients.fill(i, [row]) for i, row in enumerate(rows)]
            query_sums = [query_gradients.fill(i, query.parts) for i, query in enumerate(queries)]
        with watch.stage("scores"):
            scores, norms = gradient_scores(job["methods"], query_gradients, row_gradients)
        if "ekfac" in job["methods"]:
            from direct_ekfac import ekfac_scores

            with watch.stage("ekfac"):
                scores["ekfac"] = ekfac_scores(model, rows, row_gradients, query_gradients, job)
    if "repsim" in job["methods"]:
        with watch.stage("repsim"):
            scores["repsim"] = repsim_scores(model, queries, rows, job["layer"])
    return {
        "scores": {method: scores[method].tolist() for method in job["methods"]},
        "queries": [query.name for query in queries],
        "selfInfluence": norms.tolist(),
        "rowLosses": row_sums,
        "queryLosses": query_sums,
        "modules": names,
        "parameters": sum(weight.numel() for weight in weights.values()),
        "seconds": watch.seconds,
        "peakMemoryMiB": peak_memory(),
    }


if __name__ == "__main__":
    further = {"methods": list, "layer": int, "labelsIn": (str, type(None)), "damping": (float, int, type(None))}
    run_job(further, run)
