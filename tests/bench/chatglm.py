"""ChatGLM's figures, on random weights of half a billion parameters: speed, follow-ups, loading."""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from daemon.bench.figures import Row
from daemon.extras import install_command

GOLDEN = Path(__file__).parent.parent / "golden" / "chatglm" / "chatglm3-6b-tiny"
RUNS = 5
TOKENS = 32
PROMPT = list(range(100, 164))
HISTORY = [100 + number % 700 for number in range(600)]  # tokens: a persona and some turns
QUESTION = list(range(300, 320))
SAMPLING = {"temperature": 0.3, "top_p": 0.9}  # what config.toml has
LAYERS, HIDDEN, FEED, HEADS, GROUPS, HEAD, VOCABULARY = 24, 1024, 4096, 16, 2, 64, 65024
SIZE = "0.5 billion random weights, bfloat16"

Generate = Callable[[], int]
"""Makes an answer and returns how many tokens it has."""


def rows() -> list[Row]:
    """Measure, or say why not."""
    if find_spec("torch") is None:
        return [Row("ChatGLM", f"skipped, not installed: {install_command('chatglm')}")]
    with tempfile.TemporaryDirectory() as place:
        ours, theirs = _make_chatglm(Path(place) / "chatglm"), _make_glm(Path(place) / "glm")
        return [*_speed(ours, theirs), *_follow_up(ours, theirs), *_loading(ours, theirs)]


def _make_chatglm(directory: Path) -> Path:
    """Write a checkpoint of the third generation, as large as the other."""
    import torch

    from daemon.brain.chatglm.chatglm2_3 import ChatGLM2Config, ChatGLM2Network

    directory.mkdir()
    config = json.loads((GOLDEN / "config.json").read_text(encoding="utf-8"))
    config |= {
        "num_layers": LAYERS,
        "padded_vocab_size": VOCABULARY,
        "hidden_size": HIDDEN,
        "ffn_hidden_size": FEED,
        "kv_channels": HEAD,
        "num_attention_heads": HEADS,
        "multi_query_group_num": GROUPS,
        "seq_length": 8192,
    }
    (directory / "config.json").write_text(json.dumps(config), encoding="utf-8")
    for name in ("tokenizer.model", "tokenizer_config.json"):
        shutil.copy(GOLDEN / name, directory)
    names = ChatGLM2Config.__dataclass_fields__
    with torch.device("meta"):
        network = ChatGLM2Network(ChatGLM2Config(**{n: config[n] for n in names if n in config}))
    torch.manual_seed(0)
    tensors = {
        name: torch.randn(shape.shape, dtype=torch.bfloat16) * 0.02
        for name, shape in network.state_dict().items()
    }
    torch.save(tensors, directory / "pytorch_model.bin")
    return directory


def _make_glm(directory: Path) -> Path:
    """Write a checkpoint of transformers' own class; it is only read by token ids."""
    import torch

    from daemon.brain.chatglm.libraries import prepare

    prepare()
    from tokenizers import Tokenizer, models
    from transformers import GlmConfig, GlmForCausalLM, PreTrainedTokenizerFast

    words = {f"w{number}": number for number in range(1000)}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(words, "w0")), eos_token="w1"
    )
    tokenizer.chat_template = "{% for m in messages %}{{ m.content }}{% endfor %}"
    tokenizer.save_pretrained(directory)
    config = GlmConfig(
        vocab_size=VOCABULARY,
        hidden_size=HIDDEN,
        intermediate_size=FEED,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=GROUPS,
        head_dim=HEAD,
        max_position_embeddings=8192,
        attention_bias=True,
        eos_token_id=1,
        pad_token_id=1,
    )
    torch.manual_seed(0)
    GlmForCausalLM(config).to(torch.bfloat16).save_pretrained(directory)
    return directory


def _speed(ours: Path, theirs: Path) -> list[Row]:
    """Compare tokens a second, in turns so that the machine's moods meet all alike."""
    import torch
    from transformers import AutoModelForCausalLM

    from daemon.brain.chatglm import ChatGLM

    reference: Any = AutoModelForCausalLM.from_pretrained(theirs, dtype=torch.bfloat16).eval()
    prompt = torch.tensor([PROMPT])

    def transformers(**sampling: float) -> Generate:
        def run() -> int:
            with torch.inference_mode():
                out = reference.generate(
                    prompt,
                    attention_mask=torch.ones_like(prompt),
                    max_new_tokens=TOKENS,
                    min_new_tokens=TOKENS,
                    do_sample=bool(sampling),
                    **sampling,
                )
            return len(out[0]) - len(PROMPT)

        return run

    def generating(model: ChatGLM, temperature: float = 0.0, top_p: float = 1.0) -> Generate:
        return lambda: len(list(model.generate(PROMPT, TOKENS, temperature, top_p=top_p)))

    glm, third = (ChatGLM.load(place, dtype="bfloat16") for place in (theirs, ours))
    subjects = {
        "transformers' generate, GLM class": transformers(),
        "ours, GLM class": generating(glm),
        "ours, ChatGLM3": generating(third),
        "transformers' generate, sampling": transformers(**SAMPLING, top_k=0),
        "ours, GLM class, sampling": generating(glm, **SAMPLING),
        "ours, ChatGLM3, sampling": generating(third, **SAMPLING),
        "ours, ChatGLM3, int8": generating(int8 := ChatGLM.load(ours, dtype="int8")),
        "ours, ChatGLM3, int4": generating(int4 := ChatGLM.load(ours, dtype="int4")),
    }
    rates: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(RUNS):
        for name, run in subjects.items():
            for model in (glm, third, int8, int4):
                model.logits([5])  # forget the prompt
            begin = time.perf_counter()
            count = run()
            rates[name].append(count / (time.perf_counter() - begin))
    return [Row(f"ChatGLM: {SIZE}", ""), *_compared(rates)]


def _compared(rates: dict[str, list[float]]) -> Iterator[Row]:
    """Hold what is ours against the reference above it."""
    goal = 0.0
    for name, values in rates.items():
        median = statistics.median(values)
        held = name.startswith("ours") and "int" not in name
        goal = goal if name.startswith("ours") else median
        yield Row(
            f"ChatGLM: {name}",
            f"{median:.1f} tokens/s ({min(values):.1f} to {max(values):.1f})",
            f"≥ {goal:.1f}" if held else "",
            median >= goal if held else None,
        )


def _follow_up(*directories: Path) -> list[Row]:
    """Compare the first token of a follow-up with and without what was kept."""
    from daemon.brain.chatglm import ChatGLM

    made = []
    for directory in directories:
        model = ChatGLM.load(directory, dtype="bfloat16")
        kept, anew = [], []
        for _ in range(RUNS):
            model.logits(HISTORY)
            begin = time.perf_counter()
            model.logits([*HISTORY, *QUESTION])
            kept.append(time.perf_counter() - begin)
            model.logits([5])
            begin = time.perf_counter()
            model.logits([*HISTORY, *QUESTION])
            anew.append(time.perf_counter() - begin)
        with_it, without = statistics.median(kept), statistics.median(anew)
        made.append(
            Row(
                f"ChatGLM: first token of a follow-up, {directory.name}",
                f"{with_it:.2f} s, {without:.2f} s without what was kept: "
                f"{without / with_it:.1f} times",
                "≥ 3 times",
                without >= 3 * with_it,
            )
        )
    return made


_LOAD = """
import sys
from daemon.brain.chatglm import ChatGLM
ChatGLM.load(sys.argv[3])  # a tiny one: the libraries it takes are not the checkpoint's memory
if sys.argv[2] == "glm":
    from daemon.brain.chatglm.libraries import prepare
    prepare()
    from transformers import AutoModelForCausalLM, AutoTokenizer, GlmForCausalLM
def told(name):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
before = told("VmRSS")
ChatGLM.load(sys.argv[1], dtype="bfloat16")
print(told("VmHWM") - before)
"""


def _loading(*directories: Path) -> list[Row]:
    """Measure the most memory that a process has while it loads, above what it had before."""
    made = []
    for directory in directories:
        size = sum(
            file.stat().st_size
            for file in directory.iterdir()
            if file.suffix in (".bin", ".safetensors")
        )
        command = [sys.executable, "-c", _LOAD, str(directory), directory.name, str(GOLDEN)]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
        share = int(ran.stdout) / size
        made.append(
            Row(
                f"ChatGLM: memory while loading, {directory.name}",
                f"{share:.2f} times the checkpoint's {size / 1e9:.2f} GB",
                "≤ 1.2",
                share <= 1.2,
            )
        )
    return made


if __name__ == "__main__":
    from daemon.bench.figures import table
    from daemon.commands.console import out

    out.print(table(rows()))
