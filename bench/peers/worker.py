"""One stage of the benchmark in PyTorch / transformers / peft, fp32: the yardstick beside Whence's own stage.

Speaks JSON lines. The first line on stdin is the task (bench/protocol.ts: StageTask). Answers {"event": "ready"}, then
one {"event": "repeat", "seconds": ..., "check": ...} for each line "go", until stdin ends. One process a stage, so that
its peak memory is its own.
"""

import json
import sys
import time
import warnings

import torch
import transformers

# stdout carries the protocol: whatever a library prints goes to stderr.
PROTOCOL = sys.stdout
sys.stdout = sys.stderr
transformers.utils.logging.disable_progress_bar()
warnings.filterwarnings("ignore", category=FutureWarning)

# What the report should say beside the libraries' versions.
NOTES = []


def say(message):
    PROTOCOL.write(json.dumps(message) + "\n")
    PROTOCOL.flush()


def load_model(task):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(
        task["modelFolder"], dtype=torch.float32, attn_implementation="sdpa"
    )
    return model.eval()


def batch_of(task):
    return torch.tensor(task["rows"], dtype=torch.long)


def forward(task):
    model, ids = load_model(task), batch_of(task)

    def repeat():
        with torch.no_grad():
            return {"loss": model(input_ids=ids, labels=ids, use_cache=False).loss.item()}

    return repeat


def backward_to_inputs(model, ids):
    """Loss and its gradient with respect to the embedded rows; no weight gradient is computed."""
    embedded = model.get_input_embeddings()(ids).detach().requires_grad_()
    loss = model(inputs_embeds=embedded, labels=ids, use_cache=False).loss
    loss.backward()
    return loss.item()


def forward_backward(task):
    model, ids = load_model(task), batch_of(task)
    model.requires_grad_(False)
    return lambda: {"loss": backward_to_inputs(model, ids)}


def projected_gradients(task):
    """P_in^T G P_out of every row for every linear layer but the head, by hooks on inputs and output gradients."""
    model, ids = load_model(task), batch_of(task)
    model.requires_grad_(False)
    width = task["projection"]
    generator = torch.Generator().manual_seed(0)
    head = model.get_output_embeddings()
    gradients = {}

    def attach(name, module):
        project_in = torch.randn(module.in_features, width, generator=generator)
        project_out = torch.randn(module.out_features, width, generator=generator)

        def on_forward(_module, inputs, output):
            projected_input = inputs[0].detach() @ project_in

            def on_gradient(gradient):
                gradients[name] = projected_input.transpose(1, 2) @ (gradient @ project_out)

            output.register_hook(on_gradient)

        module.register_forward_hook(on_forward)

    modules = [(n, m) for n, m in model.named_modules() if isinstance(m, torch.nn.Linear) and m is not head]
    for name, module in modules:
        attach(name, module)

    def repeat():
        gradients.clear()
        loss = backward_to_inputs(model, ids)
        assert len(gradients) == len(modules)
        return {"loss": loss}

    return repeat


def training_step(model, ids, optimizer):
    def repeat():
        loss = model(input_ids=ids, labels=ids, use_cache=False).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return {"loss": loss.item()}

    return repeat


def lora_step(task):
    import peft
    from peft import LoraConfig, get_peft_model

    model = load_model(task)
    lora = LoraConfig(r=task["loraRank"], lora_alpha=2 * task["loraRank"], target_modules=["q_proj", "v_proj"])
    model = get_peft_model(model, lora).train()
    NOTES.append(f"peft {peft.__version__}")
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    return training_step(model, batch_of(task), torch.optim.AdamW(trained, lr=1e-4, fused=True))


def full_step(task):
    model = load_model(task).train()
    # fused=True is PyTorch's fastest AdamW on a CPU.
    return training_step(model, batch_of(task), torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True))


def generate(task):
    model = load_model(task)
    prompt = torch.tensor([task["prompt"]], dtype=torch.long)
    new_tokens = task["newTokens"]
    model.generation_config.eos_token_id = None  # every repeat yields all its tokens
    model.generation_config.pad_token_id = 0

    def repeat():
        with torch.no_grad():
            ids = model.generate(
                prompt, attention_mask=torch.ones_like(prompt), do_sample=False, max_new_tokens=new_tokens
            )
        return {"tokens": ids[0, prompt.shape[1] :].tolist()}

    use_faster_attention(model, repeat)
    return repeat


def use_faster_attention(model, repeat):
    seconds = {}
    for implementation in ("eager", "sdpa"):
        model.set_attn_implementation(implementation)
        repeat()
        start = time.perf_counter()
        repeat()
        seconds[implementation] = time.perf_counter() - start
    faster = min(seconds, key=seconds.get)
    model.set_attn_implementation(faster)
    NOTES.append(f"{faster} attention for generation")


STAGES = {
    "forward": forward,
    "forwardBackward": forward_backward,
    "projectedGradients": projected_gradients,
    "loraStep": lora_step,
    "fullStep": full_step,
    "generate": generate,
}


def main():
    task = json.loads(sys.stdin.readline())
    torch.set_num_threads(task["threads"])
    torch.set_num_interop_threads(1)
    torch.manual_seed(0)
    repeat = STAGES[task["stage"]](task)
    versions = [f"torch {torch.__version__}", f"transformers {transformers.__version__}"]
    say({"event": "ready", "library": ", ".join(versions + NOTES)})
    for line in sys.stdin:
        if line.strip() != "go":
            continue
        start = time.perf_counter()
        check = repeat()
        say({"event": "repeat", "seconds": time.perf_counter() - start, "check": check})


main()
