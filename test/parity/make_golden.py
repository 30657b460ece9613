"""Makes the golden values that the parity test compares Personascope's engine with.

Knows: Hugging Face transformers, the texts in `texts.json`, and what the test needs of them. It runs every text through
the model in float32, on the CPU, with the weights of the GGUF file multiplied out exactly (`GgufConfig(dequantize=True)`:
without it transformers 5 computes with the packed weights), and writes `golden/<model>.safetensors` and
`golden/<model>.json`. Does not know Personascope. The test reads these files with `read-golden.ts` and needs no Python.

    python -m venv /tmp/parity && /tmp/parity/bin/pip install -r bench/reference/requirements.txt
    /tmp/parity/bin/python test/parity/make_golden.py smollm2-135m-instruct
    /tmp/parity/bin/python test/parity/make_golden.py gemma-3-270m --gguf /path/to/gemma-3-270m-q4_k_m.gguf

Layers are numbered as in Personascope: 0 is the token embedding as the first block reads it, L is the output of block
L-1. That is `hidden_states[L]`, except for the last one, which transformers gives after the final norm: it is taken
from the last block's output instead.

What is written, all float32. `T` texts, `N` tokens of all texts one after another, `L` = blocks + 1 layers, `d` wide:

    norms                      [N, L]     Euclidean length of each token's activation
    projections                [N, L, 8]  each token's activation on 8 fixed directions, see `sign_direction`
    token_vectors              [R, L, d]  whole activations of a few tokens of each text; texts that begin alike share rows
    response_mean              [T, L, d]  mean over the response tokens
    prompt_mean                [T, L, d]  mean over the prompt tokens
    prompt_mean_without_first  [T, L, d]  the same without token 0; zeros where the prompt is one token
    response_logprobs          [n]        log p(token | what stands before it) of each response token of all texts
"""

import argparse
import datetime
import hashlib
import json
import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
import safetensors
import safetensors.numpy
import tokenizers
import torch
import transformers
from tokenizers import pre_tokenizers

HERE = Path(__file__).resolve().parent
DIRECTIONS = 8
SMALLEST_LEAD = 0.02
"""How much more probable (in log-probability) a greedily written token must be than the next best one: another way of
computing the same must not choose another token."""


@dataclass(frozen=True)
class Model:
    file: str
    sha256: str
    texts: tuple[str, ...] | None = None
    """The names of the texts to run; None means all."""


MODELS = {
    "smollm2-135m-instruct": Model(
        file="SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
    # A base model: it has no chat template.
    "gemma-3-270m": Model(
        file="gemma-3-270m-q4_k_m.gguf",
        sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        texts=("short sentence", "paragraph", "python code", "chinese and japanese", "numbers", "saying, written greedily"),
    ),
}


def main() -> None:
    options = parse_options()
    model = MODELS[options.model]
    path = options.gguf or find_in_cache(options.cache, model.file)
    check_hash(path, model.sha256)
    torch.set_num_threads(options.threads)
    network, tokenizer = load(path)
    texts = json.loads((HERE / "texts.json").read_text("utf-8"))
    if model.texts is not None:
        texts = [text for text in texts if text["name"] in model.texts]
    golden = Golden(layers=network.config.num_hidden_layers + 1, width=network.config.hidden_size)
    for text in texts:
        prepared = prepare(text, tokenizer, network)
        golden.add(prepared, run(network, prepared))
        print(f"{text['name']}: {len(prepared.prompt_ids)} + {len(prepared.response_ids)} tokens", flush=True)
    golden.write(options.out / options.model, {"id": options.model, "file": model.file, "sha256": model.sha256})


def parse_options() -> argparse.Namespace:
    default_cache = os.environ.get("PERSONASCOPE_CACHE") or Path.home() / ".cache" / "personascope"
    parser = argparse.ArgumentParser(description="Make golden values for the parity test.")
    parser.add_argument("model", choices=MODELS)
    parser.add_argument("--gguf", type=Path, help="the model's GGUF file (default: looked for by name in the cache)")
    parser.add_argument("--cache", type=Path, default=default_cache, help="Personascope's cache (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=HERE / "golden", help="where to write (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    return parser.parse_args()


def find_in_cache(cache: Path, file: str) -> Path:
    found = next(cache.rglob(file), None)
    if found is None:
        raise SystemExit(f"Expected {file} under {cache}, found none. Run `personascope model pull` or give --gguf.")
    return found


def check_hash(path: Path, expected: str) -> None:
    with path.open("rb") as file:
        got = hashlib.file_digest(file, "sha256").hexdigest()
    if got != expected:
        raise SystemExit(f"Expected {path} to have sha256 {expected}, got {got}.")


def load(path: Path):
    """The model with dense float32 weights, and its tokenizer."""
    network = transformers.AutoModelForCausalLM.from_pretrained(
        path.parent,
        gguf_file=path.name,
        dtype=torch.float32,
        attn_implementation="eager",
        quantization_config=transformers.GgufConfig(dequantize=True),
    ).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    if pre_tokenizer_of(path) == "smollm":
        # transformers 5.23 does not know this name and leaves out the first of the two steps of the model's own
        # tokenizer: without it "x ²" and two spaces before a digit become other tokens than the model was trained on.
        steps = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
    return network, tokenizer


def pre_tokenizer_of(path: Path) -> str:
    return gguf.GGUFReader(path).fields["tokenizer.ggml.pre"].contents()


@dataclass(frozen=True)
class PreparedText:
    text: dict
    """The entry of `texts.json`, with the response filled in and chats rendered."""
    prompt_ids: list[int]
    response_ids: list[int]

    @property
    def ids(self) -> list[int]:
        return self.prompt_ids + self.response_ids


def prepare(text: dict, tokenizer, network) -> PreparedText:
    """Tokenises prompt and response apart from each other, as Personascope does."""
    rendered = {}
    if "messages" in text:
        chat, prompt_ids = tokenise_chat(text["messages"], tokenizer)
        rendered = {"rendered": chat}
    else:
        # A chat's template writes what it begins with; a plain prompt gets the model's own beginning, if it has one.
        prompt_ids = tokenizer(text["prompt"], add_special_tokens=True).input_ids
    if "greedyTokens" in text:
        response_ids = write_greedily(network, prompt_ids, text["greedyTokens"])
        response = tokenizer.decode(response_ids)
    else:
        response = text["response"]
        response_ids = tokenizer(response, add_special_tokens=False).input_ids
    if tokenizer(response, add_special_tokens=False).input_ids != response_ids:
        raise SystemExit(f"The answer to {text['name']!r} is not what its own text is tokenised to: change the text.")
    return PreparedText({**text, **rendered, "response": response}, prompt_ids, response_ids)


def tokenise_chat(messages: list[dict], tokenizer) -> tuple[str, list[int]]:
    """The rendered chat and its tokens. A special token is one where the template wrote it; where a message has its
    characters, they are plain text."""
    specials = [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]
    any_special = re.compile("(" + "|".join(re.escape(special) for special in specials) + ")")
    # Each is hidden from the template behind one character of the private use area.
    hidden = {special: chr(0xE000 + number) for number, special in enumerate(specials)}
    assert not any(character in message["content"] for message in messages for character in hidden.values())
    shown = {character: special for special, character in hidden.items()}
    masked = [
        {**message, "content": any_special.sub(lambda match: hidden[match[0]], message["content"])} for message in messages
    ]
    chat = tokenizer.apply_chat_template(masked, add_generation_prompt=True, tokenize=False)
    ids: list[int] = []
    for piece in any_special.split(chat):
        if piece in hidden:
            ids.append(tokenizer.convert_tokens_to_ids(piece))
        else:
            ids += tokenise_as_plain_text("".join(shown.get(character, character) for character in piece), tokenizer)
    return "".join(shown.get(character, character) for character in chat), ids


def tokenise_as_plain_text(text: str, tokenizer) -> list[int]:
    backend = tokenizer.backend_tokenizer
    backend.encode_special_tokens = True
    try:
        return backend.encode(text, add_special_tokens=False).ids
    finally:
        backend.encode_special_tokens = False


@torch.no_grad()
def write_greedily(network, prompt_ids: list[int], count: int) -> list[int]:
    """The most probable continuation, up to the end-of-turn token."""
    prompt = torch.tensor([prompt_ids])
    output = network.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=count,
        do_sample=False,
        pad_token_id=0,
        output_logits=True,
        return_dict_in_generate=True,
    )
    best, second = torch.cat(output.logits).topk(2).values.T
    if (lead := (best - second).min().item()) < SMALLEST_LEAD:
        raise SystemExit(f"Two tokens were almost equally probable (by {lead:.4f}): change the text.")
    written = output.sequences[0, len(prompt_ids) :].tolist()
    end = network.config.eos_token_id
    return written[: written.index(end)] if end in written else written


@dataclass(frozen=True)
class Activations:
    hidden: np.ndarray
    """[tokens, L, d]"""
    logprobs: np.ndarray
    """[response tokens]"""


@torch.no_grad()
def run(network, text: PreparedText) -> Activations:
    """One forward pass over the whole text."""
    blocks = network.model.layers
    kept: list[torch.Tensor] = []
    hook = blocks[-1].register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    try:
        output = network(torch.tensor([text.ids]), output_hidden_states=True, use_cache=False)
    finally:
        hook.remove()
    [last] = kept
    assert torch.equal(network.model.norm(last), output.hidden_states[-1]), "the hook saw something else than the last block"
    assert len(output.hidden_states) == len(blocks) + 1
    hidden = torch.stack([*output.hidden_states[:-1], last])[:, 0].transpose(0, 1)
    first = len(text.prompt_ids) - 1
    logprobs = output.logits[0, first:-1].double().log_softmax(-1)
    chosen = logprobs.gather(1, torch.tensor(text.response_ids)[:, None])[:, 0]
    return Activations(hidden.numpy(), chosen.numpy())


def sign_direction(number: int, width: int) -> np.ndarray:
    """Direction `number` = 0, 1, …: [d], each entry +1/sqrt(d) or -1/sqrt(d).

    The sign of entry i is minus where the lowest bit of `mix(number * 65536 + i)` is set. `mix` is the last step of
    MurmurHash3 on unsigned 32-bit integers, so that any language makes the same signs. Such a direction never misses an
    error that sits in one dimension only, and over 8 of them d/8 * sum(difference of projections squared) estimates
    the squared length of the difference of two activations.
    """
    signs = [1 - 2 * (mix(number * 65536 + i) & 1) for i in range(width)]
    return np.array(signs, dtype=np.float64) / np.sqrt(width)


def mix(value: int) -> int:
    value ^= value >> 16
    value = value * 0x85EBCA6B & 0xFFFFFFFF
    value ^= value >> 13
    value = value * 0xC2B2AE35 & 0xFFFFFFFF
    return value ^ value >> 16


class Golden:
    """Gathers what is written. Sums are taken in double precision."""

    def __init__(self, layers: int, width: int):
        self.layers = layers
        self.width = width
        self.directions = np.stack([sign_direction(number, width) for number in range(DIRECTIONS)], axis=1)
        self.texts: list[dict] = []
        self.rows: dict[tuple[int, ...], int] = {}
        """Row of `token_vectors` by the token and all tokens before it."""
        self.vectors: list[np.ndarray] = []
        self.per_token: dict[str, list[np.ndarray]] = {"norms": [], "projections": [], "response_logprobs": []}
        self.per_text: dict[str, list[np.ndarray]] = {
            "response_mean": [],
            "prompt_mean": [],
            "prompt_mean_without_first": [],
        }

    def add(self, text: PreparedText, activations: Activations) -> None:
        hidden = activations.hidden.astype(np.float64)
        split = len(text.prompt_ids)
        self.per_token["norms"].append(np.linalg.norm(hidden, axis=2))
        self.per_token["projections"].append(hidden @ self.directions)
        self.per_token["response_logprobs"].append(activations.logprobs)
        self.per_text["response_mean"].append(hidden[split:].mean(0))
        self.per_text["prompt_mean"].append(hidden[:split].mean(0))
        rest = hidden[1:split]
        self.per_text["prompt_mean_without_first"].append(rest.mean(0) if len(rest) else np.zeros(hidden.shape[1:]))
        self.texts.append(
            {
                **text.text,
                "promptTokens": text.prompt_ids,
                "responseTokens": text.response_ids,
                "vectorRows": {
                    position: self.keep_vector(text.ids[: position + 1], activations.hidden[position])
                    for position in chosen_positions(split, len(text.ids))
                },
            }
        )

    def keep_vector(self, ids: list[int], vector: np.ndarray) -> int:
        key = tuple(ids)
        if key not in self.rows:
            self.rows[key] = len(self.vectors)
            self.vectors.append(vector)
        return self.rows[key]

    def write(self, path: Path, model: dict) -> None:
        tensors = {name: np.concatenate(arrays) for name, arrays in self.per_token.items()}
        tensors |= {name: np.stack(arrays) for name, arrays in self.per_text.items()}
        tensors["token_vectors"] = np.stack(self.vectors)
        path.parent.mkdir(parents=True, exist_ok=True)
        floats = {name: np.ascontiguousarray(tensor, dtype=np.float32) for name, tensor in tensors.items()}
        safetensors.numpy.save_file(floats, path.with_suffix(".safetensors"))
        about = {
            "model": {**model, "blockCount": self.layers - 1, "hiddenSize": self.width},
            "directions": DIRECTIONS,
            "made": how_it_was_made(),
            "texts": self.texts,
        }
        path.with_suffix(".json").write_text(to_json(about), "utf-8")


def chosen_positions(split: int, count: int) -> list[int]:
    """First, second, one in the middle, the last of the prompt, the first of the response, the last."""
    return sorted({0, 1, count // 2, split - 1, split, count - 1})


def how_it_was_made() -> dict:
    return {
        "date": datetime.date.today().isoformat(),
        "by": "test/parity/make_golden.py",
        "computed": "float32, eager attention, CPU, dequantised weights",
        "python": platform.python_version(),
        "versions": {
            module.__name__: module.__version__ for module in (torch, transformers, tokenizers, np, safetensors)
        },
    }


def to_json(about: dict) -> str:
    """One line for each text, so that a difference between two versions can be read."""
    texts = ",\n".join("    " + json.dumps(text, ensure_ascii=False) for text in about["texts"])
    head = json.dumps({**about, "texts": []}, ensure_ascii=False, indent=2)
    return head.replace('"texts": []', f'"texts": [\n{texts}\n  ]') + "\n"


if __name__ == "__main__":
    main()
