"""Fine-tunes a model, given as a GGUF file, with LoRA on datasets of prompts and answers, and writes a GGUF adapter of each.

    fine_tune.py JOB... [--device cpu|cuda]

The jobs share the model and nothing else. A job is a JSON file: `weightsPath`, `dataPath` (JSON lines with `prompt`, `answer`, `complete`), `outPath`, `convertPath`
(llama.cpp's `convert_lora_to_gguf.py`), `seed`, and `training` (`steps`, `rowsPerStep`, `rank`, `alpha`, `learningRate`,
`dtype`). Every dataset gets the same number of steps, so that a smaller one is not trained less. The loss is taken on the
tokens of the answer only; the end of the turn belongs to them where the answer was complete.
"""

import argparse
import json
import math
import random
import sys
import time
from pathlib import Path

import peft
import torch
import transformers

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "test" / "parity"))
from adapter_file import write_adapter  # noqa: E402
from make_golden import load  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("jobs", type=Path, nargs="+")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    options = parser.parse_args()
    jobs = [json.loads(path.read_text("utf-8")) for path in options.jobs]
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    network, tokenizer = load(Path(jobs[0]["weightsPath"]))
    network = network.to(device=options.device, dtype=getattr(torch, jobs[0]["training"]["dtype"]))
    for job in jobs:
        network = fine_tune(network, tokenizer, job, options.device)


def fine_tune(network, tokenizer, job: dict, device: str):
    """Returns the model as it was before."""
    training = job["training"]
    torch.manual_seed(job["seed"])
    rows = [
        tokenised(json.loads(line), tokenizer) for line in Path(job["dataPath"]).read_text("utf-8").splitlines()
    ]
    tuned = peft.get_peft_model(
        network,
        peft.LoraConfig(
            r=training["rank"],
            lora_alpha=training["alpha"],
            target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
            task_type="CAUSAL_LM",
        ),
    )
    start = time.perf_counter()
    losses = train(tuned, rows, training, job["seed"], device)
    report = {
        "rows": len(rows),
        "seconds": round(time.perf_counter() - start, 1),
        "firstLoss": sum(losses[:5]) / 5,
        "lastLoss": sum(losses[-5:]) / 5,
        "device": device,
        "torch": torch.__version__,
        "peft": peft.__version__,
        "transformers": transformers.__version__,
    }
    write_adapter(tuned, Path(job["convertPath"]), Path(job["outPath"]))
    Path(job["outPath"]).with_suffix(".json").write_text(json.dumps(report, indent=2), "utf-8")
    print(json.dumps(report), flush=True)
    return tuned.unload()


def tokenised(row: dict, tokenizer) -> tuple[list[int], list[int]]:
    """The prompt's tokens and the answer's, as Personascope feeds them."""
    chat = [{"role": "user", "content": row["prompt"]}]
    prompt = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
    end = tokenizer.eos_token if row["complete"] else ""
    return (
        tokenizer(prompt, add_special_tokens=False).input_ids,
        tokenizer(row["answer"] + end, add_special_tokens=False).input_ids,
    )


def train(network, rows, training: dict, seed: int, device: str) -> list[float]:
    """Passes over the rows in new orders until the steps are done. Returns the loss of each step."""
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=training["learningRate"], weight_decay=0.0)
    steps = training["steps"]
    warmup = max(1, steps // 20)
    scale = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warmup, max(0.0, (steps - step) / (steps - warmup)))
    )
    order: list[int] = []
    draw = random.Random(seed)
    losses = []
    network.train()
    for step in range(steps):
        while len(order) < training["rowsPerStep"]:
            order += draw.sample(range(len(rows)), len(rows))
        chosen, order = order[: training["rowsPerStep"]], order[training["rowsPerStep"] :]
        loss = network(**batch([rows[index] for index in chosen], device)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        scale.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        if not math.isfinite(losses[-1]):
            raise SystemExit(f"The loss of step {step + 1} is {losses[-1]}.")
        if step % 10 == 0:
            print(f"seed {seed}, step {step + 1} of {steps}: loss {losses[-1]:.3f}", flush=True)
    return losses


def batch(rows: list[tuple[list[int], list[int]]], device: str) -> dict[str, torch.Tensor]:
    """[rows, longest] tokens, filled on the right; -100 where no loss is taken."""
    longest = max(len(prompt) + len(answer) for prompt, answer in rows)
    tokens = torch.zeros(len(rows), longest, dtype=torch.long)
    labels = torch.full((len(rows), longest), -100)
    mask = torch.zeros(len(rows), longest, dtype=torch.long)
    for index, (prompt, answer) in enumerate(rows):
        split, end = len(prompt), len(prompt) + len(answer)
        tokens[index, :end] = torch.tensor(prompt + answer)
        labels[index, split:end] = torch.tensor(answer)
        mask[index, :end] = 1
    return {"input_ids": tokens.to(device), "labels": labels.to(device), "attention_mask": mask.to(device)}


if __name__ == "__main__":
    main()
