"""One timed stage of an influence yardstick: bergson, kronfluence or bm25s, on a CPU in float32.

Speaks the JSON lines of bench/protocol.ts, as worker.py does; the task is bench/peers/influenceTask.ts. A repeat
answers besides with "parts" (seconds of each step), "rows" (how many it got done) and "diskMiB" (what it stored).
  index       bergson: gradients of every row with respect to a LoRA adapter, unprojected, to a store on disk
  logra       bergson: gradients of every linear layer but the head, projected to projection x projection a module
  ekfacFit    kronfluence: covariances, eigendecompositions, Lambda of every linear layer but the head; kept in `folder`
  ekfacScores kronfluence: scores of the queries against the rows, with the factors that ekfacFit left in `folder`
  bm25        bm25s: index of the texts, then one query at a time
"""

import json
import logging
import os
import shutil
import sys
import time
import warnings
from pathlib import Path

# stdout carries the protocol: whatever a library prints goes to stderr.
PROTOCOL = sys.stdout
sys.stdout = sys.stderr
warnings.filterwarnings("ignore")
NOTES = []


def say(message):
    PROTOCOL.write(json.dumps(message) + "\n")
    PROTOCOL.flush()


def sequences_of(token_rows):
    from jobs import Sequence

    return [Sequence(ids, [-100, *ids[1:]], 1.0) for ids in token_rows]


def plain_model(task):
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(
        task["modelFolder"], dtype=torch.float32, attn_implementation="sdpa"
    )
    return model.eval()


def with_lora(model, task):
    """An adapter whose B is not zero, as after some training."""
    import peft
    import torch
    from peft import LoraConfig, get_peft_model

    NOTES.append(f"peft {peft.__version__}")
    rank = task["loraRank"]
    targets = ["q_proj", "v_proj"]
    model = get_peft_model(model, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=targets))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".lora_B." in name:
                parameter.normal_(std=0.01)
    return model.eval()


def bergson_index(task):
    import bergson
    from bergson import GradientProcessor, IndexConfig, collect_gradients
    from bergson.utils.peft import detect_peft_modules
    from datasets import Dataset

    NOTES.append(f"bergson {bergson.__version__}")
    model = plain_model(task)
    targets = None
    if task["stage"] == "index":
        model = with_lora(model, task)
        targets = detect_peft_modules(model)
    model.requires_grad_(False)
    model.get_input_embeddings().requires_grad_(True)  # as bergson's own loading does, so that there is a backward pass
    rows = task["rows"]
    # Without a second column bergson fails when it stores the losses.
    dataset = Dataset.from_dict({"input_ids": rows, "length": [len(row) for row in rows]})
    size = task["rowBatch"]
    batches = [list(range(first, min(first + size, len(rows)))) for first in range(0, len(rows), size)]
    folder = Path(task["folder"]) / f"bergson-{task['stage']}"
    projection = task["projection"] if task["stage"] == "logra" else 0

    def repeat():
        shutil.rmtree(f"{folder}.part", ignore_errors=True)
        settings = IndexConfig(run_path=str(folder), projection_dim=projection, loss_reduction="sum")
        settings.partial_run_path.mkdir(parents=True)
        processor = GradientProcessor(projection_dim=projection or None)
        start = time.perf_counter()
        collect_gradients(model, dataset, processor, settings, batches=batches, target_modules=targets)
        seconds = time.perf_counter() - start
        from jobs import folder_size

        return {"parts": {"index": seconds}, "rows": len(rows), "diskMiB": folder_size(f"{folder}.part")}

    return repeat


def kronfluence_job(task):
    import kronfluence
    from kronfluence_job import KronfluenceJob

    NOTES.append(f"kronfluence {kronfluence.__version__}")
    return KronfluenceJob(plain_model(task), "linear", "ekfac", Path(task["folder"]) / "kronfluence")


def ekfac_fit(task):
    peer, rows = kronfluence_job(task), sequences_of(task["rows"])

    def repeat():
        peer.fit(rows, task["rowBatch"])
        return {"parts": dict(peer.watch.seconds), "rows": len(rows), "diskMiB": peer.disk()}

    return repeat


def ekfac_scores(task):
    from jobs import Query

    peer, rows = kronfluence_job(task), sequences_of(task["rows"])
    queries = [Query(str(i), [part]) for i, part in enumerate(sequences_of(task["queries"]))]

    def repeat():
        scores = peer.score(rows, task["rowBatch"], queries, task["queryBatch"], None)
        assert len(scores) == len(queries)
        return {"parts": dict(peer.watch.seconds), "rows": len(rows), "diskMiB": peer.disk()}

    return repeat


def bm25(task):
    import bm25s

    NOTES.append(f"bm25s {bm25s.__version__}")
    with open(task["texts"], encoding="utf8") as file:
        texts = [json.loads(line)["text"] for line in file]
    options = {"show_progress": False}

    def repeat():
        start = time.perf_counter()
        index = bm25s.BM25()
        index.index(bm25s.tokenize(texts, stopwords=None, **options), **options)
        indexed = time.perf_counter()
        for query in task["queryTexts"]:
            index.get_scores(list(bm25s.tokenize(query, stopwords=None, return_ids=False, **options)[0]))
        answered = time.perf_counter()
        folder = Path(task["folder"]) / "bm25s"
        index.save(folder)
        from jobs import folder_size

        one_query = (answered - indexed) / len(task["queryTexts"])
        parts = {"index": indexed - start, "query": one_query}
        return {"parts": parts, "rows": len(texts), "diskMiB": folder_size(folder)}

    return repeat


STAGES = {
    "index": bergson_index,
    "logra": bergson_index,
    "ekfacFit": ekfac_fit,
    "ekfacScores": ekfac_scores,
    "bm25": bm25,
}


def main():
    task = json.loads(sys.stdin.readline())
    threads = str(task["threads"])
    # Before torch and numpy are loaded, which read them once. Spinning threads, the default, cost several times the time
    # where anything else runs: the yardstick gets the setting that serves it better.
    os.environ.update({"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "PYTHONWARNINGS": "ignore"})
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    NOTES.append(f"OMP_WAIT_POLICY={os.environ['OMP_WAIT_POLICY']}")
    logging.disable(logging.WARNING)
    if task["stage"] != "bm25":
        import torch
        import transformers

        torch.set_num_threads(task["threads"])
        torch.set_num_interop_threads(1)
        torch.manual_seed(0)
        transformers.utils.logging.disable_progress_bar()
        NOTES.extend([f"torch {torch.__version__}", f"transformers {transformers.__version__}"])
    repeat = STAGES[task["stage"]](task)
    say({"event": "ready", "library": ", ".join(NOTES)})
    for line in sys.stdin:
        if line.strip() != "go":
            continue
        result = repeat()
        # The parts alone are timed: the size on disk is looked up outside of them.
        say({"event": "repeat", "seconds": sum(result["parts"].values()), "check": {}, **result})


if __name__ == "__main__":
    main()
