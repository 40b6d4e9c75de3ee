"""Files that would run code of theirs when loaded the authors' way: none of it runs here."""

import importlib.util
import json
import os
import pickle
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest

torch: Any = pytest.importorskip("torch")

from daemon.errors import DigitalLifeError, SetupError


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self.trace),)


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "it-ran"


def script(path: Path, trace: Path) -> Path:
    """Write a TorchScript archive that writes a file when ``torch.jit`` loads it."""
    code = f"""
import torch
from typing import Tuple
class Script(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(2))
    @torch.jit.export
    def __getstate__(self):
        return (self.weight, self.training)
    @torch.jit.export
    def __setstate__(self, state: Tuple[torch.Tensor, bool]):
        torch.save(state[0], {str(trace)!r})
        self.weight = state[0]
        self.training = state[1]
    def forward(self, mel, faces):
        return faces[:, :3]
"""
    module = path.with_suffix(".py")
    module.write_text(code, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("script_of_theirs", module)
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(loaded.Script()).save(str(path))
    trace.unlink(missing_ok=True)
    return path


def test_the_samples_do_run_code(tmp_path: Path, trace: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.load(str(script(tmp_path / "a.pt", trace)))
    assert trace.exists()
    trace.unlink()
    torch.save({"state_dict": Evil(trace)}, tmp_path / "a.pth")
    torch.load(tmp_path / "a.pth", weights_only=False)
    assert trace.exists()


def wav2lip(path: Path, folder: Path) -> None:
    from daemon.face.wav2lip_network import load_checkpoint

    load_checkpoint(path)


def s3fd(path: Path, folder: Path) -> None:
    from daemon.face.s3fd_network import convert

    convert(path, folder / "model.xml")


def speaker(path: Path, folder: Path) -> None:
    from daemon.voice.speaker import VoiceEncoder

    VoiceEncoder(path)


def chatglm(path: Path, folder: Path) -> None:
    from daemon.brain.chatglm.checkpoint import tensors

    list(tensors(path))


def training(path: Path, folder: Path) -> None:
    from daemon.training import checkpoints

    path.rename(folder / checkpoints.NAME)
    checkpoints.load(folder, "run")


def clusters(path: Path, folder: Path) -> None:
    from daemon.voice.sovits_files import load_clusters

    load_clusters(path, "me")


def generator(path: Path, folder: Path) -> None:
    from daemon.voice.sovits_files import _state

    _state(path)


READERS = (wav2lip, s3fd, speaker, chatglm, training, clusters, generator)


@pytest.mark.parametrize("kind", ["script", "pickle", "old pickle", "bare pickle"])
@pytest.mark.parametrize("read", READERS)
def test_nothing_runs(read: Any, kind: str, tmp_path: Path, trace: Path) -> None:
    path = tmp_path / "weights.bin"
    held = {name: Evil(trace) for name in ("state_dict", "model_state", "model", "run", "me")}
    if kind == "script":
        script(path, trace)
    elif kind == "bare pickle":
        path.write_bytes(pickle.dumps(held))
    else:
        torch.save(held, path, _use_new_zipfile_serialization=kind == "pickle")
    with pytest.raises(DigitalLifeError) as failure:
        read(path, tmp_path)
    assert not trace.exists()
    assert "weights_only" not in f"{failure.value} {failure.value.fix}"


@pytest.mark.parametrize(
    "name", ["os system", "builtins eval", "torch.jit._pickle __builtins__", "__torch__x Script"]
)
def test_an_archive_s_notation_cannot_call(name: str, tmp_path: Path) -> None:
    from daemon.face.torchscript import NotTorchScript, is_torchscript, read_tensors

    module, attribute = name.split(" ")
    path = tmp_path / "a.pt"
    with zipfile.ZipFile(path, "w") as archive:
        call = f"c{module}\n{attribute}\n(X\x04\x00\x00\x00exittR.".encode()
        archive.writestr("a/data.pkl", b"\x80\x02" + call)
        archive.writestr("a/constants.pkl", b"\x80\x02).")
    assert is_torchscript(path)
    with pytest.raises(NotTorchScript):
        read_tensors(path)


def test_a_tensor_beyond_its_numbers(tmp_path: Path) -> None:
    from daemon.face.wav2lip_network import read_checkpoint

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        good = tmp_path / "good.pt"
        torch.jit.script(torch.nn.Linear(2, 2)).save(str(good))
    assert sorted(read_checkpoint(good)) == ["bias", "weight"]
    bad = tmp_path / "bad.pt"
    with zipfile.ZipFile(good) as held, zipfile.ZipFile(bad, "w") as made:
        for name in held.namelist():
            data = held.read(name)
            made.writestr(name, data[: len(data) // 2] if "/data/" in name else data)
    with pytest.raises(SetupError, match="damaged"):
        read_checkpoint(bad)


def test_a_checkpoint_folder_runs_no_python(tmp_path: Path, trace: Path) -> None:
    transformers = pytest.importorskip("transformers")
    assert transformers
    from daemon.brain.chatglm.checkpoint import read_checkpoint
    from daemon.brain.chatglm.glm import load_glm

    code = f"import os\nos.mkdir({str(trace)!r})\nclass Model: pass\n"
    for name in ("modeling_evil", "configuration_evil", "tokenization_evil"):
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    for kind in ("glm", "glm4"):
        config = {
            "model_type": kind,
            "auto_map": {
                "AutoConfig": "configuration_evil.Model",
                "AutoModelForCausalLM": "modeling_evil.Model",
                "AutoTokenizer": ["tokenization_evil.Model", None],
            },
        }
        for name in ("config.json", "tokenizer_config.json"):
            (tmp_path / name).write_text(json.dumps(config), encoding="utf-8")
        torch.save({"lm_head.weight": torch.zeros(1)}, tmp_path / "pytorch_model.bin")
        with pytest.raises(SetupError):
            load_glm(read_checkpoint(tmp_path), torch.float32, torch.device("cpu"), None)
    assert not trace.exists()


def test_an_adapter_imports_nothing(tmp_path: Path, trace: Path) -> None:
    from daemon.brain.chatglm.glm import _adapted

    hostile = (
        {"peft_type": "LORA", "megatron_config": {}, "megatron_core": "antigravity"},
        {"peft_type": "LORA", "megatron_config": {"a": 1}, "megatron_core": "antigravity"},
        {"peft_type": "PROMPT_TUNING", "tokenizer_kwargs": {"trust_remote_code": True}},
    )
    for told in hostile:
        (tmp_path / "adapter_config.json").write_text(json.dumps(told), encoding="utf-8")
        with pytest.raises(SetupError, match="adapter"):
            _adapted(torch.nn.Linear(2, 2), tmp_path)
    assert "antigravity" not in sys.modules


def test_a_chat_template_makes_text_only(tmp_path: Path, trace: Path) -> None:
    from daemon.brain.chatglm.libraries import prepare

    prepare()
    from jinja2.exceptions import SecurityError
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    from daemon.brain.chatglm.glm import GlmFormat, GlmTokenizer
    from daemon.media import Message

    own = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"a": 0}, "a")))
    own.chat_template = f"{{{{ cycler.__init__.__globals__.os.mkdir('{trace}') }}}}"
    with pytest.raises(SecurityError):
        GlmFormat(GlmTokenizer(own), frozenset()).encode_chat([Message("user", "a")])
    assert not trace.exists()
