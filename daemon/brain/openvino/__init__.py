"""GGUF language models computed by OpenVINO."""
