"""EK-FAC or K-FAC scores of a job by kronfluence, the yardstick beside Whence's own.

usage: ekfac.py JOB.json

Beside the fields that jobs.py names, a job has
  factors    "ekfac", "kfac" or "identity" (no preconditioning: dot products of gradients)
  damping    added to each module's Lambda; null: 0.1 x its mean
  labelsIn   JSONL file of drawn labels (kronfluence_job.LabelBook) for the factors, or null: draw them
  labelsOut  file to keep the drawn labels in, which are then the same in both passes, or null: each pass draws its own
  folder     where the factors are kept, or null: in a temporary folder
The result: {"scores": [query][row], "queries": [id], "modules", "parameters", "seconds": {stage: s},
"peakMemoryMiB": {stage: highest so far}, "factorsMiB", "damping", "library"}.
"""

import tempfile
from pathlib import Path

import kronfluence
import torch

from jobs import JobError, load_model, peak_memory, read_queries, read_rows, run_job
from kronfluence_job import KronfluenceJob, LabelBook


def run(job):
    if job["factors"] not in ("ekfac", "kfac", "identity"):
        raise JobError(f"factors is {job['factors']!r}, not ekfac, kfac or identity")
    rows, queries = read_rows(job["rows"]), read_queries(job["queries"])
    keeps = job["labelsIn"] is not None or job["labelsOut"] is not None
    book = LabelBook(rows, job["labelsIn"]) if keeps else None
    model = load_model(job)
    loaded = peak_memory()
    with tempfile.TemporaryDirectory(dir=Path(job["out"]).parent) as scratch:
        peer = KronfluenceJob(model, job["modules"], job["factors"], job["folder"] or scratch, book)
        peer.fit(rows, job["rowBatch"])
        if job["labelsOut"] is not None:
            book.write(job["labelsOut"])
        disk = peer.disk()
        scores = peer.score(rows, job["rowBatch"], queries, job["queryBatch"], job["damping"])
    return {
        "scores": scores,
        "queries": [query.name for query in queries],
        "modules": peer.names,
        "parameters": peer.parameters,
        "seconds": peer.watch.seconds,
        "peakMemoryMiB": {"load": loaded, **peer.watch.peak_memory},
        "factorsMiB": disk,
        "damping": "0.1 x mean(Lambda)" if job["damping"] is None else job["damping"],
        "library": f"kronfluence {kronfluence.__version__}, torch {torch.__version__}",
    }


if __name__ == "__main__":
    number = (float, int, type(None))
    path = (str, type(None))
    run_job({"factors": str, "damping": number, "labelsIn": path, "labelsOut": path, "folder": path}, run)
