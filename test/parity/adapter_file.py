"""Writes a peft model's LoRA adapter as a GGUF file, by llama.cpp's own script and the `gguf` that belongs to it."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path


def write_adapter(network, convert: Path, path: Path) -> None:
    """In float32. `convert` is `convert_lora_to_gguf.py` in llama.cpp's sources."""
    base = network.get_base_model()
    # A configuration that was read from a GGUF file does not name the class, and the script looks for it.
    base.config.architectures = [type(base).__name__]
    with tempfile.TemporaryDirectory() as folder:
        network.save_pretrained(folder)
        configuration = Path(folder) / "base"
        base.config.save_pretrained(configuration)
        command = [sys.executable, convert, folder, "--base", configuration, "--outfile", path, "--outtype", "f32"]
        environment = {**os.environ, "PYTHONPATH": str(convert.parent / "gguf-py")}
        subprocess.run([str(part) for part in command], check=True, env=environment, stdout=subprocess.DEVNULL)
