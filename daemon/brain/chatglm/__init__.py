"""ChatGLM of every generation, run on today's PyTorch without the checkpoints' own code."""

from daemon.brain.chatglm.chatglm import ChatGLM

__all__ = ["ChatGLM"]
