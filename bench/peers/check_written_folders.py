"""Loads folders that Whence wrote with transformers and peft, and compares their logits with Whence's own.

usage: check_written_folders.py CASE.json ...

A case names what to load and what to expect:
  {"base": FOLDER, "adapter": FOLDER or null, "rows": [[token id, ...], ...], "logProbabilities": [[...], ...]}
With "upcast": true the base is widened to float32, for a base that Whence did not write. `logProbabilities[r][t]` is log p(rows[r][t + 1] | rows[r][..t]) as Whence computed it. Exits 1 beyond 1e-4 relative.
"""

import json
import sys

import torch
from transformers import AutoModelForCausalLM


def load(case):
    wide = {"dtype": torch.float32} if case.get("upcast", False) else {}
    model = AutoModelForCausalLM.from_pretrained(case["base"], **wide)
    if case["adapter"] is not None:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, case["adapter"])
    types = {parameter.dtype for parameter in model.parameters()}
    if types != {torch.float32}:
        raise SystemExit(f"{case['base']} loads as {types}, not as float32")
    return model.eval()


def worst_error(case):
    model = load(case)
    worst = 0.0
    for ids, expected in zip(case["rows"], case["logProbabilities"], strict=True):
        tokens = torch.tensor([ids])
        with torch.no_grad():
            logits = model(tokens).logits[0, :-1].double()
        found = torch.log_softmax(logits, -1).gather(1, tokens[0, 1:, None])[:, 0]
        expected = torch.tensor(expected, dtype=torch.float64)
        worst = max(worst, ((found - expected).abs().max() / expected.abs().max()).item())
    return worst


def main():
    failed = False
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            case = json.load(file)
        error = worst_error(case)
        failed |= not error <= 1e-4
        print(f"{path}: largest relative difference {error:.1e}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
