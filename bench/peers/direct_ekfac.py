"""EK-FAC written down as its definition reads, float64, one row at a time, without kronfluence: for small cases."""

import torch

from jobs import JobError, logits_of, pad, row_losses
from kronfluence_job import LabelBook


class Watched:
    """Inputs [position, in] and output gradients [position, out] of the modules in one pass."""

    def __init__(self, model, names):
        self.inputs, self.deltas, self.handles = {}, {}, []
        for name in names:
            self.handles.append(model.get_submodule(name).register_forward_hook(self.hook(name)))

    def hook(self, name):
        def on_forward(_module, inputs, output):
            self.inputs[name] = inputs[0].detach()[0].double()

            def on_gradient(gradient):
                self.deltas[name] = gradient.detach()[0].double()

            output.register_hook(on_gradient)

        return on_forward

    def remove(self):
        for handle in self.handles:
            handle.remove()


def ekfac_scores(model, rows, row_gradients, query_gradients, job):
    if job["labelsIn"] is None:
        raise JobError("ekfac: the reference needs labelsIn, or it could not be compared")
    book = LabelBook(rows, job["labelsIn"])
    names = list(row_gradients.weights)
    passes = [drawn_pass(model, names, rows, book, number) for number in range(len(rows))]
    positions = sum(len(row.input_ids) for row in rows)
    scores = torch.zeros(len(query_gradients.matrix), len(rows), dtype=torch.float64)
    for name in names:
        pairs = [(inputs[name], deltas[name]) for inputs, deltas in passes]
        _, input_basis = torch.linalg.eigh(sum(a.T @ a for a, _ in pairs) / positions)
        _, output_basis = torch.linalg.eigh(sum(d.T @ d for _, d in pairs) / positions)
        shape = (-1, output_basis.shape[0], input_basis.shape[0])
        squares = [(output_basis.T @ (d.T @ a) @ input_basis) ** 2 for a, d in pairs]
        eigenvalues = sum(squares) / len(rows)
        damping = 0.1 * eigenvalues.mean() if job["damping"] is None else job["damping"]

        def rotated(gradients):
            return output_basis.T @ gradients.of(name).view(shape) @ input_basis

        asked = rotated(query_gradients) / (eigenvalues + damping)
        scores += asked.flatten(1) @ rotated(row_gradients).flatten(1).T
    return scores


def drawn_pass(model, names, rows, book, number):
    watched = Watched(model, names)
    batch = {**pad([rows[number]]), "row": torch.tensor([number])}
    logits = logits_of(model, batch)
    (batch["weight"] * row_losses(logits, book.labels(logits, batch))).sum().backward()
    watched.remove()
    model.zero_grad(set_to_none=True)
    return watched.inputs, watched.deltas
