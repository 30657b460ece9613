"""Makes the vector files that tests read, with the tools that users have.

Run once with each PyTorch, then once with --others where numpy, gguf and safetensors are installed too:

    python make_fixtures.py            # fixtures/torch-<version>/*.pt, fixtures/expected.json
    python make_fixtures.py --others   # fixtures/gguf, fixtures/safetensors, fixtures/hostile, fixtures/arithmetic.json

Numbers come from Python's own generator, so that every version writes the same ones.
"""
import json
import os
import pickle
import random
import struct
import sys
import zipfile

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures")
BLOCKS, HIDDEN = 4, 8


def numbers(seed, count):
    generator = random.Random(seed)
    return [generator.gauss(0, 3) for _ in range(count)]


def torch_fixtures():
    import torch

    def tensor(seed, *shape):
        count = 1
        for length in shape:
            count *= length
        return torch.tensor(numbers(seed, count), dtype=torch.float64).reshape(*shape).float()

    reference = tensor(1, BLOCKS + 1, HIDDEN)
    large = tensor(2, 20, HIDDEN)
    readable = {
        "float32": reference,
        "float16": reference.half(),
        "bfloat16": reference.bfloat16(),
        "float64": torch.tensor(numbers(1, 40), dtype=torch.float64).reshape(5, 8),
        "transposed": tensor(3, HIDDEN, BLOCKS + 1).t(),
        "part-of-a-larger-one": large[3:8],
        "every-other": large[1:11:2, :],
        "expanded": tensor(4, 1, HIDDEN).expand(BLOCKS + 1, HIDDEN),
        "requires-grad": reference.clone().requires_grad_(True),
        "assistant-axis": tensor(5, BLOCKS, HIDDEN).bfloat16(),
        "one-direction": tensor(6, HIDDEN),
        "extremes": torch.tensor([[0.0, -0.0, 1e-45, 3.4e38, -1.17e-38, 65504.0, 6e-8, 1.0]] * 5),
        "half-extremes": torch.tensor([[0.0, -0.0, 6e-8, 65504.0, -6.1e-5, 1e-7, 0.1, -1.0]] * 5).half(),
    }
    dictionaries = {
        "dictionary": {"axis": tensor(7, BLOCKS, HIDDEN), "n_roles": 275, "share": 0.5, "note": "made here"},
        "by-layer": {layer: tensor(layer, HIDDEN) for layer in (2, 3)},
        "two-tensors": {"axis": tensor(7, BLOCKS, HIDDEN), "mean": tensor(8, BLOCKS, HIDDEN)},
    }
    refused = {
        "int64": torch.arange(40).reshape(5, 8),
        "bool": torch.ones(5, 8, dtype=torch.bool),
        "complex": torch.ones(5, 8, dtype=torch.complex64),
        "parameter": torch.nn.Parameter(reference),
        "sparse": reference.to_sparse(),
        "module": torch.nn.Linear(8, 5),
        "list": [reference],
        "not-finite": reference.clone().index_fill_(0, torch.tensor([2]), float("inf")),
        "three-dimensions": tensor(9, 2, 2, 8),
        "nothing": torch.empty(0, 8),
    }
    version = torch.__version__.split("+")[0]
    folder = os.path.join(HERE, "torch-" + version)
    os.makedirs(folder, exist_ok=True)

    def save(name, value, **options):
        torch.save(value, os.path.join(folder, name + ".pt"), **options)

    for name, value in {**readable, **dictionaries}.items():
        save(name, value)
    for name, value in refused.items():
        save("refused-" + name, value)
    save("protocol-4", reference, pickle_protocol=4)
    save("refused-old-format", reference, _use_new_zipfile_serialization=False)

    class Doubling(torch.nn.Module):
        def forward(self, x):
            return 2 * x

    torch.jit.save(torch.jit.script(Doubling()), os.path.join(folder, "refused-torchscript.pt"))

    def bits(value):
        value = value.detach().float().contiguous()
        flat = value.reshape(-1).tolist()
        return {"shape": list(value.shape), "float32": struct.pack("<%df" % len(flat), *flat).hex()}

    expected = {name: {"": bits(value)} for name, value in readable.items()}
    expected["protocol-4"] = expected["float32"]
    for name, value in dictionaries.items():
        expected[name] = {str(key): bits(item) for key, item in value.items() if isinstance(item, torch.Tensor)}
    path = os.path.join(HERE, "expected.json")
    text = json.dumps(expected, indent=1, sort_keys=True) + "\n"
    if os.path.exists(path):
        # Every version must mean the same numbers.
        assert open(path).read() == text, "torch %s means other numbers" % version
    with open(path, "w") as file:
        file.write(text)


def gguf_fixtures():
    import gguf
    import numpy

    folder = os.path.join(HERE, "gguf")
    os.makedirs(folder, exist_ok=True)

    def write(name, layers, count, hint="llama"):
        writer = gguf.GGUFWriter(os.path.join(folder, name + ".gguf"), "controlvector")
        if hint is not None:
            writer.add_string("controlvector.model_hint", hint)
        count(writer)
        for layer in layers:
            values = numpy.array(numbers(layer, HIDDEN), dtype=numpy.float32)
            writer.add_tensor("direction.%d" % layer, values)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()

    # repeng goes through the layers from the last one down, and leaves the first block out.
    write("repeng", range(BLOCKS - 1, 0, -1), lambda w: w.add_uint32("controlvector.layer_count", BLOCKS - 1))
    write("counts-from-0", range(BLOCKS), lambda w: w.add_uint32("controlvector.layer_count", BLOCKS))
    write("cvector-generator", range(1, BLOCKS), lambda w: w.add_int32("controlvector.layer_count", BLOCKS - 1))
    write("bare", range(1, BLOCKS), lambda w: None, hint=None)


def safetensors_fixtures():
    import torch
    from safetensors.torch import save_file

    folder = os.path.join(HERE, "safetensors")
    os.makedirs(folder, exist_ok=True)

    def tensor(seed, *shape):
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        return torch.tensor(numbers(seed, count), dtype=torch.float64).reshape(*shape).float()

    save_file({"vector": tensor(1, BLOCKS + 1, HIDDEN)}, os.path.join(folder, "hidden-states.safetensors"))
    save_file({"axis": tensor(1, BLOCKS, HIDDEN).bfloat16()}, os.path.join(folder, "block-outputs.safetensors"))
    save_file(
        {"layer_%d" % layer: tensor(layer, HIDDEN) for layer in range(BLOCKS)},
        os.path.join(folder, "by-layer.safetensors"),
        metadata={"format": "pt"},
    )
    save_file({"v": tensor(1, 5, 8).half(), "w": tensor(2, 5, 8)}, os.path.join(folder, "two.safetensors"))


def arithmetic_fixture():
    """Sums, parts at right angles, unit vectors and cosines, in float64, by numpy's least squares."""
    import numpy

    a, b, c = (numpy.array(numbers(seed, 40), dtype=numpy.float32).reshape(5, 8) for seed in (10, 11, 12))
    wide = [matrix.astype(numpy.float64) for matrix in (a, b, c)]
    total = 0.5 * wide[0] - 0.2 * wide[1]

    def without(matrix, *others):
        rows = []
        for layer in range(5):
            basis = numpy.stack([other[layer] for other in others], axis=1)
            share, *_ = numpy.linalg.lstsq(basis, matrix[layer], rcond=None)
            rows.append(matrix[layer] - basis @ share)
        return numpy.stack(rows)

    def unit(matrix):
        return matrix / numpy.linalg.norm(matrix, axis=1, keepdims=True)

    def cosines(layer):
        directions = numpy.stack([unit(matrix)[layer] for matrix in wide])
        return directions @ directions.T

    result = {
        "a": a, "b": b, "c": c,
        "sum": total,
        "without_b": without(wide[0], wide[1]),
        "sum_without_b_and_c": without(total, wide[1], wide[2]),
        "unit_sum": unit(total),
        "cosines": numpy.stack([cosines(layer) for layer in range(5)]),
    }
    with open(os.path.join(HERE, "arithmetic.json"), "w") as file:
        json.dump({name: value.reshape(-1).tolist() for name, value in result.items()}, file, indent=1)
        file.write("\n")


class Runs:
    """Pickles as a call of a function."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


class WithState:
    def __init__(self):
        self.secret = 1


def hostile_fixtures():
    """Pickles that would run something; each only prints a word where it is loaded carelessly."""
    import builtins
    import collections
    import subprocess

    folder = os.path.join(HERE, "hostile")
    os.makedirs(folder, exist_ok=True)
    payloads = {
        "os-system": pickle.dumps(Runs(os.system, "echo ran"), 2),
        "eval": pickle.dumps(Runs(builtins.eval, "print('ran')"), 2),
        "exec-protocol-4": pickle.dumps(Runs(builtins.exec, "print('ran')"), 4),
        "getattr": pickle.dumps(Runs(builtins.getattr, "a", "upper"), 2),
        "popen": pickle.dumps(Runs(subprocess.Popen, ["echo", "ran"]), 2),
        "in-a-dictionary": pickle.dumps({"axis": Runs(os.system, "echo ran")}, 2),
        "in-an-ordered-dictionary": pickle.dumps(collections.OrderedDict(a=Runs(os.system, "echo ran")), 2),
        "in-a-tuple": pickle.dumps((1, [2, Runs(os.system, "echo ran")]), 2),
        "nested-call": pickle.dumps(Runs(print, Runs(builtins.eval, "'ran'")), 2),
        "object-with-state": pickle.dumps(WithState(), 2),
        "exception": pickle.dumps(ValueError("ran"), 2),
        "bytearray": pickle.dumps(bytearray(b"x" * 300), 5),
        "protocol-0": pickle.dumps(Runs(os.system, "echo ran"), 0),
    }
    for name, data in payloads.items():
        with zipfile.ZipFile(os.path.join(folder, name + ".pt"), "w", zipfile.ZIP_STORED) as archive:
            for member, content in (("data.pkl", data), ("data/0", bytes(160)), ("version", b"3\n")):
                archive.writestr(zipfile.ZipInfo("archive/" + member, (1980, 1, 1, 0, 0, 0)), content)
    with zipfile.ZipFile(os.path.join(folder, "compressed.pt"), "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in (("data.pkl", payloads["os-system"]), ("data/0", bytes(2**20)), ("version", b"3\n")):
            archive.writestr(zipfile.ZipInfo("archive/" + member, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)


if "--others" in sys.argv:
    gguf_fixtures()
    safetensors_fixtures()
    arithmetic_fixture()
    hostile_fixtures()
else:
    torch_fixtures()
