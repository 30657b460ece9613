"""Makes two small LoRA adapters and what the model gives with one of them, for the test of adapters.

Knows: Hugging Face transformers and peft. It lays a random adapter of rank 2 over every linear part of two blocks of the
default model (float32, the weights of its GGUF file multiplied out) and writes into `golden/adapter/`:

    random.gguf          the adapter
    zero.gguf            the same with B = 0, so that it changes nothing
    golden.safetensors   float32: `last` [blocks + 1, d], the activations of the last prompt token, layers as in
                         `make_golden.py`; `base` the same without the adapter; `logprobs` [16] and `tokens` [16], the most
                         probable next tokens
    golden.json          the prompt's tokens, and how it was made

    bench/.venv-evidence/bin/python test/parity/make_adapter_golden.py --convert <llama.cpp>/convert_lora_to_gguf.py
"""

import argparse
import json
from pathlib import Path

import peft
import safetensors.torch
import torch
from adapter_file import write_adapter
from make_golden import HERE, MODELS, check_hash, find_in_cache, how_it_was_made, load

PROMPT = "The weather in the mountains was"
BLOCKS = [4, 17]
LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
SCALE = 0.2
"""Of the random numbers in A and B: enough to change the most probable token."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--convert", type=Path, required=True, help="llama.cpp's convert_lora_to_gguf.py")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "personascope")
    options = parser.parse_args()
    model = MODELS["smollm2-135m-instruct"]
    path = find_in_cache(options.cache, model.file)
    check_hash(path, model.sha256)
    out = HERE / "golden" / "adapter"
    out.mkdir(parents=True, exist_ok=True)
    network, tokenizer = load(path)
    tokens = tokenizer(PROMPT).input_ids
    base, _ = observe(network, network.model, tokens)
    tuned = peft.get_peft_model(
        network,
        peft.LoraConfig(r=2, lora_alpha=3, target_modules=LINEAR, layers_to_transform=BLOCKS, task_type="CAUSAL_LM"),
    )
    generator = torch.Generator().manual_seed(7)
    for strength, name in [(0.0, "zero"), (SCALE, "random")]:
        with torch.no_grad():
            for part, weight in tuned.named_parameters():
                if "lora_A" in part:
                    weight.normal_(0, SCALE, generator=generator)
                elif "lora_B" in part:
                    weight.normal_(0, strength, generator=generator) if strength else weight.zero_()
        write_adapter(tuned, options.convert, out / f"{name}.gguf")
    last, logprobs = observe(tuned, tuned.get_base_model().model, tokens)
    top = logprobs.topk(16)
    safetensors.torch.save_file(
        {"last": last, "base": base, "logprobs": top.values, "tokens": top.indices.float()}, out / "golden.safetensors"
    )
    about = {"prompt": PROMPT, "promptTokens": tokens, "made": {**how_it_was_made(), "by": Path(__file__).name, "peft": peft.__version__}}
    (out / "golden.json").write_text(json.dumps(about, indent=2) + "\n", "utf-8")


@torch.no_grad()
def observe(network, stack, tokens: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """The last token's activations, [blocks + 1, d], and the log-probabilities of what follows it, [vocabulary]."""
    kept: list[torch.Tensor] = []
    hook = stack.layers[-1].register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    try:
        output = network(input_ids=torch.tensor([tokens]), output_hidden_states=True, use_cache=False)
    finally:
        hook.remove()
    hidden = torch.stack([*output.hidden_states[:-1], *kept])[:, 0, -1]
    return hidden.contiguous(), output.logits[0, -1].double().log_softmax(-1).float()


if __name__ == "__main__":
    main()
