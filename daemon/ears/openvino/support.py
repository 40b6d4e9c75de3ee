"""Whether OpenVINO is worth asking here."""

import importlib.util


def supports_bf16() -> bool:
    """Whether OpenVINO is there, and this processor multiplies bfloat16 in hardware."""
    if importlib.util.find_spec("openvino") is None:
        return False
    import openvino

    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
