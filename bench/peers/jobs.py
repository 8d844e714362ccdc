"""What the influence yardsticks share: reading a job, loading its model and rows, the loss that they all differentiate.

Rows and queries arrive as token ids, so that both sides of a comparison see the same ones. It must not tokenise, and
not compute any influence.

A job file is one JSON object:
  model       folder of the base model as transformers reads it
  adapter     folder of a peft adapter, or null
  rows        JSONL file: {"input_ids": [...], "labels": [...], "weight": 1}, labels -100 where a token is not trained
  queries     JSONL file: {"id": ..., "parts": [{"input_ids": [...], "labels": [...], "factor": 1}]}
  modules     "adapter": the LoRA matrices A and B; "linear": every linear layer but the head (an adapter is merged first)
  rowBatch    rows of one batch
  queryBatch  query parts of one batch; each holds a gradient of the tracked modules in memory
  threads     threads of one operator
  seed        of drawn labels
  out         file that the result is written to
and what the program that runs it asks for besides. labels[t] is the token at t, predicted from the tokens before it.
The loss of a row is its weight times the summed cross-entropy of its trained tokens; the measurement of a query is the
sum over its parts of factor times their summed cross-entropy.
"""

import json
import os
import resource
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

IGNORED = -100
COMMON_FIELDS = {
    "model": str,
    "adapter": (str, type(None)),
    "rows": str,
    "queries": str,
    "modules": str,
    "rowBatch": int,
    "queryBatch": int,
    "threads": int,
    "seed": int,
    "out": str,
}


class JobError(Exception):
    """What is wrong with a job, for whoever wrote it."""


@dataclass
class Sequence:
    """A row, or a part of a query."""

    input_ids: list
    labels: list
    weight: float


@dataclass
class Query:
    name: str
    parts: list


def read_job(path, further_fields):
    with open(path, encoding="utf8") as file:
        job = json.load(file)
    fields = COMMON_FIELDS | further_fields
    for name, kind in fields.items():
        if name not in job:
            raise JobError(f"{path}: {name} is missing")
        if not isinstance(job[name], kind):
            raise JobError(f"{path}: {name} is {job[name]!r}")
    unknown = sorted(set(job) - set(fields))
    if unknown:
        raise JobError(f"{path}: unknown: {', '.join(unknown)}")
    if job["modules"] not in ("adapter", "linear"):
        raise JobError(f"{path}: modules is {job['modules']!r}, not adapter or linear")
    if job["modules"] == "adapter" and job["adapter"] is None:
        raise JobError(f"{path}: modules is adapter, but no adapter is named")
    return job


def run_job(further_fields, run):
    """The body of a program: reads the job named on the command line, writes what `run` gives to its `out`."""
    if len(sys.argv) != 2:
        raise SystemExit(f"usage: {sys.argv[0]} JOB.json")
    try:
        job = read_job(sys.argv[1], further_fields)
        torch.set_num_threads(job["threads"])
        torch.set_num_interop_threads(1)
        torch.manual_seed(job["seed"])
        result = run(job)
    except JobError as error:
        raise SystemExit(str(error)) from error
    part = f"{job['out']}.part"
    with open(part, "w", encoding="utf8") as file:
        json.dump(result, file, allow_nan=False)
    os.replace(part, job["out"])


def _sequence(value, weight_name, where):
    ids, labels = value.get("input_ids"), value.get("labels")
    if not isinstance(ids, list) or not isinstance(labels, list) or len(ids) != len(labels) or len(ids) < 2:
        raise JobError(f"{where}: input_ids and labels must be lists of one length, two tokens at least")
    if all(label == IGNORED for label in labels[1:]):
        raise JobError(f"{where}: no token is trained")
    return Sequence(ids, labels, float(value[weight_name]))


def _json_lines(path):
    with open(path, encoding="utf8") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield f"{path}:{number}", json.loads(line)


def read_rows(path):
    rows = [_sequence(value, "weight", where) for where, value in _json_lines(path)]
    if not rows:
        raise JobError(f"{path}: no rows")
    return rows


def read_queries(path):
    queries = [
        Query(str(value["id"]), [_sequence(part, "factor", where) for part in value["parts"]])
        for where, value in _json_lines(path)
    ]
    if not queries or any(not query.parts for query in queries):
        raise JobError(f"{path}: no queries, or one without parts")
    return queries


def load_model(job):
    """The model in float32, evaluation mode, with the adapter attached or merged as `modules` asks."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(job["model"], dtype=torch.float32, attn_implementation="sdpa")
    if job["adapter"] is not None:
        model = _with_adapter(model, job["adapter"])
        if job["modules"] == "linear":
            model = model.merge_and_unload()
    return model.eval()


def _with_adapter(model, folder):
    from peft import PeftModel, get_peft_model_state_dict
    from safetensors.torch import load_file

    model = PeftModel.from_pretrained(model, folder, is_trainable=True)
    loaded = get_peft_model_state_dict(model)
    stored = load_file(Path(folder) / "adapter_model.safetensors")
    # peft only warns when a name does not match, and leaves that tensor at its random start.
    wrong = [name for name in loaded.keys() | stored.keys() if not _same(loaded.get(name), stored.get(name))]
    if wrong:
        raise JobError(f"{folder}: these tensors were not loaded: {', '.join(sorted(wrong)[:5])}")
    return model


def _same(first, second):
    return first is not None and second is not None and torch.equal(first.float(), second.float())


def tracked_modules(model, modules):
    """Names of the linear layers whose gradients count, in the order of the model."""
    head = model.get_output_embeddings()

    def counts(name):
        return modules == "linear" or ".lora_A." in name or ".lora_B." in name

    names = [n for n, m in model.named_modules() if isinstance(m, nn.Linear) and m is not head and counts(n)]
    if not names:
        raise JobError(f"the model has no module for modules: {modules}")
    return names


def pad(sequences):
    """A batch, padded on the right; with the rows' weights."""
    length = max(len(sequence.input_ids) for sequence in sequences)

    def filled(values, filler):
        return torch.tensor([value + [filler] * (length - len(value)) for value in values])

    return {
        "input_ids": filled([sequence.input_ids for sequence in sequences], 0),
        "labels": filled([sequence.labels for sequence in sequences], IGNORED),
        "attention_mask": filled([[1] * len(sequence.input_ids) for sequence in sequences], 0),
        "weight": torch.tensor([sequence.weight for sequence in sequences]),
    }


def logits_of(model, batch):
    """Logits from which the tokens 1, 2, ... are predicted."""
    ids, mask = batch["input_ids"], batch["attention_mask"]
    return model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1]


def row_losses(logits, labels):
    """Summed cross-entropy of the trained tokens of each row, in nats; labels as in a batch."""
    targets = labels[:, 1:]
    losses = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, reduction="none")
    return losses.view(targets.shape).sum(1)


@torch.no_grad()
def draw_labels(logits, labels):
    """Labels drawn from the model's own prediction wherever a token is trained."""
    drawn = labels.clone()
    trained = labels[:, 1:] != IGNORED
    drawn[:, 1:][trained] = torch.multinomial(logits[trained].float().softmax(-1), 1)[:, 0]
    return drawn


class Stopwatch:
    """Seconds of each stage and the process's highest resident memory (MiB) up to its end."""

    def __init__(self):
        self.seconds = {}
        self.peak_memory = {}

    @contextmanager
    def stage(self, name):
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start
        self.peak_memory[name] = peak_memory()


def peak_memory():
    """Highest resident memory of this process so far, MiB."""
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kibibytes / 1024 if sys.platform != "darwin" else kibibytes / 2**20


def folder_size(folder):
    """MiB."""
    return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file()) / 2**20
