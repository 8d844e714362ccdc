"""kronfluence's (EK-)FAC as a class that both ekfac.py (a whole job) and influence_worker.py (timed stages) use.

Definitions: the loss of a row is a sum; covariances go over all positions but padding; labels are drawn from the model
(true Fisher), fresh for each pass unless a `LabelBook` says otherwise; Lambda is over rows; float32. Scores are
positive where training on the row lowers the query's measurement.
"""

import json

import torch
from kronfluence.analyzer import Analyzer, prepare_model
from kronfluence.arguments import FactorArguments, ScoreArguments
from kronfluence.task import Task
from kronfluence.utils.dataset import DataLoaderKwargs
from torch.utils.data import Dataset

from jobs import JobError, Stopwatch, draw_labels, folder_size, logits_of, pad, row_losses, tracked_modules

FACTORS = "factors"
SCORES = "scores"


class LabelBook:
    """Drawn labels that are kept: the same ones in every pass, read from a file or written to one.

    JSONL, a list for each row in the rows' order, -100 where a token is not trained.
    """

    def __init__(self, rows, path):
        self.rows = rows
        self.drawn = {}
        if path is not None:
            with open(path, encoding="utf8") as file:
                self.drawn = {row: json.loads(line) for row, line in enumerate(file) if line.strip()}
            if [len(self.drawn.get(i, [])) for i in range(len(rows))] != [len(row.labels) for row in rows]:
                raise JobError(f"{path}: not the labels of these rows")

    def labels(self, logits, batch):
        """The labels of a batch, drawn where they are not in the book."""
        numbers = batch["row"].tolist()
        if any(number not in self.drawn for number in numbers):
            for number, labels in zip(numbers, draw_labels(logits, batch["labels"]).tolist(), strict=True):
                self.drawn[number] = labels[: len(self.rows[number].labels)]
        width = batch["labels"].shape[1]
        return torch.tensor([self.drawn[n] + [-100] * (width - len(self.drawn[n])) for n in numbers])

    def write(self, path):
        with open(path, "w", encoding="utf8") as file:
            for number in range(len(self.rows)):
                file.write(f"{json.dumps(self.drawn[number])}\n")


class InfluenceTask(Task):
    def __init__(self, names, book):
        self.names = names
        self.book = book

    def get_influence_tracked_modules(self):
        return self.names

    def get_attention_mask(self, batch):
        return batch["attention_mask"]

    def compute_train_loss(self, batch, model, sample=False):
        logits = logits_of(model, batch)
        labels = self.drawn(logits, batch) if sample else batch["labels"]
        return (batch["weight"] * row_losses(logits, labels)).sum()

    def drawn(self, logits, batch):
        return draw_labels(logits, batch["labels"]) if self.book is None else self.book.labels(logits, batch)

    def compute_measurement(self, batch, model):
        return row_losses(logits_of(model, batch), batch["labels"]).sum()


class ByLength(Dataset):
    """Sequences sorted by their length, so that little is padded; `order` leads back."""

    def __init__(self, sequences):
        self.sequences = sequences
        self.order = sorted(range(len(sequences)), key=lambda i: len(sequences[i].input_ids))

    def __len__(self):
        return len(self.order)

    def __getitem__(self, index):
        return self.order[index]

    def collate(self, numbers):
        return {**pad([self.sequences[number] for number in numbers]), "row": torch.tensor(numbers)}


class KronfluenceJob:
    """
    model     as jobs.load_model gives it; its modules are wrapped
    strategy  "ekfac", "kfac" or "identity"
    folder    empty folder for factors and scores; `fit` fills it, `score` can also read what an earlier process fitted
    """

    def __init__(self, model, modules, strategy, folder, book=None):
        self.names = tracked_modules(model, modules)
        self.parameters = sum(model.get_submodule(name).weight.numel() for name in self.names)
        task = InfluenceTask(self.names, book)
        self.folder = folder
        self.strategy = strategy
        self.watch = Stopwatch()
        self.analyzer = Analyzer(
            analysis_name="peer",
            model=prepare_model(model, task),
            task=task,
            cpu=True,
            disable_tqdm=True,
            output_dir=str(folder),
        )

    def fit(self, rows, batch):
        dataset = self._dataset(rows)
        arguments = FactorArguments(strategy=self.strategy, use_empirical_fisher=False)
        common = {"factors_name": FACTORS, "overwrite_output_dir": True, "factor_args": arguments}
        if self.strategy != "identity":
            with self.watch.stage("covariance"):
                self.analyzer.fit_covariance_matrices(dataset=dataset, per_device_batch_size=batch, **common)
            with self.watch.stage("eigendecomposition"):
                self.analyzer.perform_eigendecomposition(**common)
        if self.strategy == "ekfac":
            with self.watch.stage("lambda"):
                self.analyzer.fit_lambda_matrices(dataset=dataset, per_device_batch_size=batch, **common)
        if self.strategy == "identity":
            self.analyzer.fit_all_factors(dataset=dataset, per_device_batch_size=batch, **common)

    def score(self, rows, row_batch, queries, query_batch, damping):
        """Scores [query][row]. A query's parts are scored apart and summed: the score is linear in the query's gradient.

        damping: None for 0.1 x the mean of each module's Lambda
        """
        parts = [part for query in queries for part in query.parts]
        train, asked = self._dataset(rows), ByLength(parts)
        self.analyzer.set_dataloader_kwargs(DataLoaderKwargs(collate_fn=self._collate(train, asked)))
        with self.watch.stage("pairwise"):
            found = self.analyzer.compute_pairwise_scores(
                scores_name=SCORES,
                factors_name=FACTORS,
                query_dataset=_Marked(asked),
                train_dataset=train,
                per_device_query_batch_size=query_batch,
                per_device_train_batch_size=row_batch,
                score_args=ScoreArguments(damping_factor=damping),
                overwrite_output_dir=True,
            )
            if found is None:
                found = self.analyzer.load_pairwise_scores(scores_name=SCORES)
        by_part = torch.empty(len(parts), len(rows))
        by_part[torch.tensor(asked.order)[:, None], torch.tensor(train.order)[None, :]] = found["all_modules"]
        scores, first = [], 0
        for query in queries:
            factors = torch.tensor([part.weight for part in query.parts])
            scores.append((factors @ by_part[first : first + len(factors)]).tolist())
            first += len(factors)
        return scores

    def disk(self):
        """MiB of the stored factors."""
        return folder_size(self.analyzer.factors_output_dir(FACTORS))

    def _dataset(self, rows):
        dataset = ByLength(rows)
        self.analyzer.set_dataloader_kwargs(DataLoaderKwargs(collate_fn=dataset.collate))
        return dataset

    @staticmethod
    def _collate(train, asked):
        """kronfluence has one collate function for both datasets; queries are marked by a pair."""

        def collate(items):
            if isinstance(items[0], tuple):
                return asked.collate([number for _, number in items])
            return train.collate(items)

        return collate


class _Marked(Dataset):
    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        return ("query", self.dataset[index])
