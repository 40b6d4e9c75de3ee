"""Small so-vits-svc models and a small ContentVec with random weights, in the official layout."""

import json
from pathlib import Path
from typing import Any

from daemon.voice.sovits_package import load, quietly

KINDS = {"v1": "so-vits-svc-4.0v1", "legacy": "so-vits-svc-4.0v1-legacy", "quickvc": "quickvc"}
CONTENT = 64  # values of content


def template(kind: str) -> dict[str, Any]:
    """The package's own config of a kind, with everything made narrow."""
    folder = Path(load("preprocessing").__file__).parent / "config_templates"
    config: dict[str, Any] = json.loads((folder / f"{KINDS[kind]}.json").read_text("utf-8"))
    config["model"] |= {
        "inter_channels": 32,
        "hidden_channels": 32,
        "filter_channels": 64,
        "n_layers": 2,
        "upsample_initial_channel": 64,
        "gin_channels": 16,
        "ssl_dim": CONTENT,
        "n_speakers": 3,
    }
    config["spk"] = {"ann": 0, "bob": 1}
    return config


def write_model(folder: Path, kind: str = "v1", **model: Any) -> Path:
    """Write ``config.json`` and ``G_100.pth`` as so-vits-svc 4.0 does."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    config = template(kind)
    config["model"] |= model
    torch.manual_seed(1)
    with quietly():
        network = load("modules.synthesizers").SynthesizerTrn(
            config["data"]["filter_length"] // 2 + 1,
            config["train"]["segment_size"] // config["data"]["hop_length"],
            **config["model"],
        )
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    state = {
        "model": network.state_dict(),
        "iteration": 1,
        "optimizer": torch.optim.AdamW(network.parameters()).state_dict(),
        "learning_rate": 1e-4,
    }
    torch.save(state, folder / "G_100.pth")
    return folder


def write_content(folder: Path) -> Path:
    """Write ``config.json`` and ``pytorch_model.bin`` as lengyue233/content-vec-best has them."""
    import torch
    from transformers import HubertConfig

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(2)
    config = HubertConfig(
        hidden_size=CONTENT,
        num_hidden_layers=12,
        num_attention_heads=4,
        intermediate_size=64,
        conv_dim=(32,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
        classifier_proj_size=CONTENT,
    )
    with quietly():
        model = load("utils").HubertModelWithFinalProj(config)
    config.save_pretrained(folder)
    names = {"parametrizations.weight.original0": "weight_g"}
    names["parametrizations.weight.original1"] = "weight_v"
    state = {}
    for key, value in model.state_dict().items():
        for new, old in names.items():
            key = key.replace(new, old)
        state[key] = value
    torch.save(state, folder / "pytorch_model.bin")
    return folder
