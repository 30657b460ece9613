"""Contender: the reference way of getting response means, with Hugging Face transformers.

One batched `generate`, then a second pass over every prompt with its answer that returns all hidden states, of which
the response tokens are averaged layer by layer. The weights are those of the GGUF file, multiplied out.

    reference_process.py JOB DTYPE DEVICE

Says it is ready, then does the work once for each line on standard input and answers with the seconds it took, each as
a line of JSON (the other side is `contender.ts`).
"""

import json
import sys
import time
from pathlib import Path

import torch
import transformers


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    dtype, device = sys.argv[2:4]
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    network = load(Path(job["weightsPath"]), getattr(torch, dtype)).to(device)
    prompts = torch.tensor(job["prompts"], device=device)
    versions = f"transformers {transformers.__version__}, torch {torch.__version__}"
    say(engine=versions, threads=torch.get_num_threads(), weightFormat=dtype)
    for number, line in enumerate(sys.stdin):
        torch.manual_seed(number)
        start = time.perf_counter()
        answers = write(network, prompts[: json.loads(line)["sequences"]], job["writtenTokens"])
        means = [response_means(network, answer, prompts.shape[1]).cpu() for answer in answers]
        seconds = time.perf_counter() - start
        layers = network.config.num_hidden_layers + 1
        assert answers.shape[1] == prompts.shape[1] + job["writtenTokens"]
        assert all(mean.shape == (layers, network.config.hidden_size) for mean in means)
        say(seconds=seconds)


def load(path: Path, dtype: torch.dtype):
    return transformers.AutoModelForCausalLM.from_pretrained(
        path.parent,
        gguf_file=path.name,
        dtype=dtype,
        quantization_config=transformers.GgufConfig(dequantize=True),
    ).eval()


@torch.inference_mode()
def write(network, prompts: torch.Tensor, tokens: int) -> torch.Tensor:
    """Samples answers from the model's own distribution: [sequences, prompt + written tokens]."""
    return network.generate(
        prompts,
        attention_mask=torch.ones_like(prompts),
        max_new_tokens=tokens,
        min_new_tokens=tokens,
        do_sample=True,
        temperature=1.0,
        top_k=0,
        top_p=1.0,
        pad_token_id=0,
    )


@torch.inference_mode()
def response_means(network, tokens: torch.Tensor, prompt_length: int) -> torch.Tensor:
    """[layers, d]"""
    hidden = network(tokens[None], output_hidden_states=True, use_cache=False).hidden_states
    return torch.stack([layer[0, prompt_length:].mean(0) for layer in hidden])


def say(**message: object) -> None:
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    main()
