"""Contender: the reference way of scoring training rows, with Hugging Face transformers.

One row at a time through the whole model, all hidden states returned; the mean over the response tokens at one layer
is projected on the direction. The weights are those of the GGUF file, multiplied out.

    screening_process.py JOB DTYPE

Says it is ready, then does the work once for each line on standard input and answers with the seconds it took, each as
a line of JSON (the other side is `contender.ts`).
"""

import json
import sys
import time
from pathlib import Path

import torch
import transformers
from reference_process import load, say


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    dtype = sys.argv[2]
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    network = load(Path(job["weightsPath"]), getattr(torch, dtype))
    rows = json.loads(Path(job["rowsPath"]).read_text("utf-8"))
    direction = torch.tensor(job["direction"], dtype=torch.float64)
    direction /= direction.norm()
    versions = f"transformers {transformers.__version__}, torch {torch.__version__}"
    say(engine=versions, threads=torch.get_num_threads(), weightFormat=dtype)
    for line in sys.stdin:
        count = json.loads(line)["sequences"]
        start = time.perf_counter()
        projections = [
            project(network, tokens, prompt, job["layer"], direction)
            for tokens, prompt in zip(rows["tokens"][:count], rows["promptTokens"][:count], strict=True)
        ]
        seconds = time.perf_counter() - start
        Path(job["projectionsPath"]).write_text(json.dumps({"projections": projections}), "utf-8")
        say(seconds=seconds)


@torch.inference_mode()
def project(network, tokens: list[int], prompt: int, layer: int, direction: torch.Tensor) -> float:
    hidden = network(torch.tensor([tokens]), output_hidden_states=True, use_cache=False).hidden_states
    return float(hidden[layer][0, prompt:].to(torch.float64).mean(0) @ direction)


if __name__ == "__main__":
    main()
