"""Makes the Mandarin acoustic model run without TensorFlow.

The published FastSpeech 2 holds two random-number operators from TensorFlow's "Flex" set: a dropout
of its variance predictors that was left on when the model was exported. No plain TensorFlow Lite
runtime knows them. Dropout keeps a value where the random number is not below a threshold, so a
``FILL`` with that very threshold keeps every value, which is what dropout does outside training.
"""

import struct
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import Operator, OperatorCode
    from flatbuffers.table import Table

RANDOM = b"FlexRandomUniform"

# Places of fields in the tables of TensorFlow Lite's schema.fbs, as offsets into a table's vtable.
_OPERATOR_CODE_BUILTIN = 4  # one byte wide; newer files have a second, wider field
_OPERATOR_INPUTS = 6


def prepare(source: Path, target: Path) -> None:
    """Write the model ``source`` to ``target`` with each ``FlexRandomUniform`` made a ``FILL``.

    Both are TensorFlow Lite files. Only the operators' codes and input lists change, in place, so
    the same source always gives the same bytes. Raises ``ValueError`` if the graph is another one.
    """
    from ai_edge_litert import schema_py_generated as schema

    data = bytearray(source.read_bytes())
    model = schema.Model.GetRootAs(data, 0)
    codes = [model.OperatorCodes(i) for i in range(model.OperatorCodesLength())]
    graph = model.Subgraphs(0)
    operators = [graph.Operators(i) for i in range(graph.OperatorsLength())]
    randoms = [o for o in operators if _is_random(codes[o.OpcodeIndex()])]
    if not randoms:
        raise ValueError(f"{source.name} holds no {RANDOM.decode()} operator")

    for operator in randoms:
        inputs = operator.Inputs(0), _threshold(operator.Outputs(0), operators, codes)
        _append_vector(data, operator._tab, _OPERATOR_INPUTS, inputs)
        code = codes[operator.OpcodeIndex()]._tab
        data[code.Pos + code.Offset(_OPERATOR_CODE_BUILTIN)] = schema.BuiltinOperator.FILL
    target.write_bytes(data)


def _is_random(code: "OperatorCode") -> bool:
    from ai_edge_litert.schema_py_generated import BuiltinOperator

    custom = code.DeprecatedBuiltinCode() == BuiltinOperator.CUSTOM
    return custom and bool(code.CustomCode() == RANDOM)


def _threshold(drawn: int, operators: "list[Operator]", codes: "list[OperatorCode]") -> int:
    """Return the tensor that ``drawn`` is compared with, as ``drawn >= threshold``."""
    from ai_edge_litert.schema_py_generated import BuiltinOperator

    users = [user for user in operators if drawn in user.InputsAsNumpy()]
    if len(users) == 1 and users[0].Inputs(0) == drawn:
        code = codes[users[0].OpcodeIndex()].DeprecatedBuiltinCode()
        if code == BuiltinOperator.GREATER_EQUAL:
            return int(users[0].Inputs(1))
    raise ValueError("a random number of the model is not used by a dropout")


def _append_vector(data: bytearray, table: "Table", field: int, items: tuple[int, ...]) -> None:
    """Write int32 items at the end and let the field point there: such pointers only go forward."""
    data.extend(bytes(-len(data) % 4))
    position = table.Pos + table.Offset(field)
    struct.pack_into("<I", data, position, len(data) - position)
    data.extend(struct.pack(f"<I{len(items)}i", len(items), *items))
