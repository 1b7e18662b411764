"""Shapes and element types that single operators give when onnxruntime runs them.

Run from the repository's root, with Debian's python3-onnx and python3-onnxruntime:

    /usr/bin/python3 scripts/golden/inspectOperators.py

It writes src/onnx/golden/inspectOperators.json. An input is a list of lengths, filled at random here, or a numpy array,
whose elements are then written too. "cost" is the number of multiply-adds, written down by hand.
"""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import helper

FILE = Path(__file__).resolve().parents[2] / 'src' / 'onnx' / 'golden' / 'inspectOperators.json'
onnxruntime.set_default_logger_severity(3)


def i64(*values):
    return np.array(values, np.int64)


def u8(*shape):
    return np.ones(shape, np.uint8)


def scale(*values):
    return np.array(values, np.float32) if values else np.array(0.5, np.float32)


ZERO = np.array(0, np.uint8)
# Operator, inputs (None for one that is left out), attributes; then the opset (17), outputs (1), cost (0), domain ('').
CASES = [
    ('Conv', [[2, 4, 9, 8], [6, 2, 3, 2]], {'group': 2, 'strides': [2, 1], 'pads': [1, 0, 2, 1]}, {'cost': 2 * 6 * 5 * 8 * 2 * 3 * 2}),
    ('Conv', [[1, 3, 11], [5, 3, 4]], {'auto_pad': 'SAME_UPPER', 'strides': [3]}, {'cost': 5 * 4 * 3 * 4}),
    ('Conv', [[1, 3, 11, 7], [5, 3, 3, 3]], {'auto_pad': 'VALID', 'dilations': [2, 3]}, {'cost': 5 * 7 * 1 * 27}),
    ('ConvInteger', [u8(1, 2, 5, 5), u8(3, 2, 3, 3)], {}, {'cost': 3 * 3 * 3 * 18}),
    ('QLinearConv', [u8(1, 2, 5, 5), scale(), ZERO, u8(3, 2, 3, 3), scale(), ZERO, scale(), ZERO], {}, {'cost': 3 * 3 * 3 * 18}),
    ('ConvTranspose', [[2, 4, 5, 3], [4, 3, 3, 2]], {'group': 2, 'strides': [2, 3], 'pads': [1, 0, 0, 1], 'output_padding': [1, 0]}, {'cost': 2 * 4 * 5 * 3 * 3 * 3 * 2}),
    ('ConvTranspose', [[1, 2, 5], [2, 3, 3]], {'strides': [2], 'output_shape': [10]}, {'cost': 2 * 5 * 3 * 3}),
    ('MaxPool', [[1, 2, 9, 10]], {'kernel_shape': [3, 2], 'strides': [2, 3], 'ceil_mode': 1, 'pads': [0, 1, 1, 0]}, {'outputs': 2}),
    ('MaxPool', [[1, 2, 4, 4]], {'kernel_shape': [1, 1], 'strides': [3, 2], 'ceil_mode': 1}, {}),
    ('AveragePool', [[1, 2, 9, 10]], {'kernel_shape': [3, 2], 'auto_pad': 'SAME_LOWER', 'strides': [2, 2]}, {}),
    ('LpPool', [[1, 2, 9]], {'kernel_shape': [4]}, {}),
    ('GlobalMaxPool', [[2, 3, 4, 5]], {}, {}),
    ('MatMul', [[2, 1, 3, 4], [5, 4, 6]], {}, {'cost': 2 * 5 * 3 * 4 * 6}),
    ('MatMul', [[4], [3, 4, 2]], {}, {'cost': 3 * 4 * 2}),
    ('MatMul', [[3, 4], [4]], {}, {'cost': 12}),
    ('MatMulInteger', [u8(3, 4), u8(4, 5)], {}, {'cost': 60}),
    ('QLinearMatMul', [u8(3, 4), scale(), ZERO, u8(4, 5), scale(), ZERO, scale(), ZERO], {}, {'cost': 60}),
    ('Gemm', [[4, 3], [5, 4], [5]], {'transA': 1, 'transB': 1}, {'cost': 60}),
    ('Einsum', [[2, 3, 4], [2, 4, 5]], {'equation': 'bij,bjk->bik'}, {'cost': 2 * 3 * 4 * 5}),
    ('Einsum', [[3, 4], [4, 5]], {'equation': 'ij, jk'}, {'cost': 60}),
    ('Einsum', [[3, 4]], {'equation': 'ij->ji'}, {}),
    ('RNN', [[7, 2, 3], [1, 5, 3], [1, 5, 5]], {'hidden_size': 5}, {'outputs': 2, 'cost': 7 * 2 * 5 * 8}),
    ('GRU', [[7, 2, 3], [2, 15, 3], [2, 15, 5]], {'hidden_size': 5, 'direction': 'bidirectional'}, {'outputs': 2, 'cost': 7 * 2 * 2 * 3 * 5 * 8}),
    ('LSTM', [[7, 2, 3], [1, 20, 3], [1, 20, 5]], {'hidden_size': 5, 'direction': 'reverse'}, {'outputs': 3, 'cost': 7 * 2 * 4 * 5 * 8}),
    ('Reshape', [[2, 3, 4, 5], i64(0, -1, 10)], {}, {}),
    ('Reshape', [[0, 3], i64(3, 0)], {'allowzero': 1}, {}),
    ('Flatten', [[2, 3, 4, 5]], {'axis': -1}, {}),
    ('Flatten', [[2, 3, 4]], {'axis': 0}, {}),
    ('Squeeze', [[1, 3, 1, 2], i64(-2)], {}, {}),
    ('Squeeze', [[1, 3, 1, 2]], {}, {}),
    ('Unsqueeze', [[3, 2], i64(-1, 0)], {}, {}),
    ('Unsqueeze', [[3, 2]], {'axes': [1, 3]}, {'opset': 11}),
    ('Transpose', [[2, 3, 4]], {'perm': [1, 2, 0]}, {}),
    ('Transpose', [[2, 3, 4]], {}, {}),
    ('Pad', [[2, 3], i64(1, 0, 2, -1)], {}, {}),
    ('Pad', [[2, 3, 4], i64(1, 2), None, i64(-1)], {}, {'opset': 18}),
    ('Tile', [[2, 3], i64(2, 4)], {}, {}),
    ('Expand', [[3, 1], i64(2, 1, 6)], {}, {}),
    ('Concat', [[2, 3], [2, 5]], {'axis': -1}, {}),
    ('Slice', [[9, 8, 7], i64(-3, 6), i64(2**62, 0), i64(0, 2), i64(1, -2)], {}, {}),
    ('Slice', [[9, 8], i64(20, -99), i64(-99, 5), i64(0, 1), i64(-3, 2)], {}, {}),
    ('Slice', [[9, 8]], {'starts': [1], 'ends': [-1], 'axes': [1]}, {'opset': 9}),
    ('Split', [[4, 7]], {'axis': 1, 'num_outputs': 3}, {'opset': 18, 'outputs': 3}),
    ('Split', [[4, 7], i64(1, 3)], {}, {'outputs': 2}),
    ('Gather', [[4, 5, 6], i64(1, 2)], {'axis': 1}, {}),
    ('GatherND', [[2, 3, 4], np.zeros((2, 5, 1), np.int64)], {'batch_dims': 1}, {}),
    ('GatherElements', [[2, 3], np.zeros((2, 2), np.int64)], {'axis': 1}, {}),
    ('ScatterND', [[4, 5], np.zeros((2, 1), np.int64), [2, 5]], {}, {}),
    ('OneHot', [i64(1, 0, 2), i64(4), np.array([0, 1], np.float32)], {'axis': 0}, {}),
    ('TopK', [[3, 6], i64(2)], {'axis': -1}, {'outputs': 2}),
    ('Shape', [[2, 3, 4]], {'start': 1, 'end': -1}, {}),
    ('Size', [[2, 3, 4]], {}, {}),
    ('Range', [np.array(9), np.array(1), np.array(-3)], {}, {}),
    ('ConstantOfShape', [i64(2, 3)], {}, {}),
    ('Cast', [[2, 3]], {'to': 10}, {}),
    ('Where', [np.ones((3, 1), bool), [1, 4], [2, 1, 1]], {}, {}),
    ('Add', [[3, 1, 5], [4, 1]], {}, {}),
    ('Equal', [[3, 1], [1, 2]], {}, {}),
    ('Max', [[3, 1], [1, 2], [1]], {}, {}),
    ('ReduceMean', [[2, 3, 4]], {'axes': [-1, 0], 'keepdims': 0}, {}),
    ('ReduceMean', [[2, 3, 4], i64(1)], {}, {'opset': 18}),
    ('ReduceMax', [[2, 3, 4]], {'keepdims': 0}, {}),
    ('ReduceSum', [[2, 3], None], {'noop_with_empty_axes': 1}, {}),
    ('ArgMax', [[2, 3, 4]], {'axis': -1, 'keepdims': 0}, {}),
    ('Resize', [[1, 2, 5, 6], None, scale(1, 1, 1.5, 0.4)], {}, {}),
    ('Resize', [[1, 2, 5, 6], None, None, i64(1, 2, 8, 3)], {}, {}),
    ('DepthToSpace', [[1, 8, 2, 3]], {'blocksize': 2}, {}),
    ('SpaceToDepth', [[1, 2, 4, 6]], {'blocksize': 2}, {}),
    ('GridSample', [[1, 2, 4, 6], [1, 3, 5, 2]], {}, {}),
    ('RoiAlign', [[1, 2, 8, 8], [3, 4], i64(0, 0, 0)], {'output_height': 3, 'output_width': 2}, {}),
    ('LayerNormalization', [[2, 3, 4], [3, 4], [3, 4]], {'axis': 1}, {'outputs': 3}),
    ('BatchNormalization', [[2, 3, 4], [3], [3], [3], scale(1, 1, 1)], {}, {}),
    ('Dropout', [[2, 3]], {}, {'outputs': 2}),
    ('QuantizeLinear', [[2, 3], scale(), np.array(0, np.int8)], {}, {}),
    ('DequantizeLinear', [u8(2, 3), scale(), ZERO], {}, {}),
    ('DynamicQuantizeLinear', [[2, 3]], {}, {'outputs': 3}),
    ('Einsum', [[2, 3], [2, 3]], {'equation': 'ij,ij->'}, {'cost': 6}),
    ('FusedMatMul', [[2, 4, 3], [2, 5, 4]], {'transA': 1, 'transB': 1}, {'cost': 120, 'domain': 'com.microsoft'}),
    ('FusedConv', [[1, 2, 5, 5], [3, 2, 3, 3]], {'activation': 'Relu'}, {'cost': 3 * 9 * 18, 'domain': 'com.microsoft'}),
    ('Attention', [[2, 7, 6], [6, 24], [24]], {'num_heads': 2}, {'cost': 2 * 7 * 6 * 24 + 2 * 7 * 7 * 8 * 2, 'domain': 'com.microsoft'}),
    ('MultiHeadAttention', [[2, 7, 8], [2, 5, 8], [2, 5, 8]], {'num_heads': 2}, {'cost': 2 * 7 * 5 * 8 * 2, 'domain': 'com.microsoft'}),
    ('SkipLayerNormalization', [[2, 3, 4], [2, 3, 4], [4]], {}, {'domain': 'com.microsoft'}),
    ('QLinearAdd', [u8(2, 3), scale(), ZERO, u8(3), scale(), ZERO, scale(), ZERO], {}, {'domain': 'com.microsoft'}),
    ('QLinearConcat', [scale(), ZERO, u8(2, 3), scale(), ZERO, u8(2, 4), scale(), ZERO], {'axis': 1}, {'domain': 'com.microsoft'}),
    ('QLinearGlobalAveragePool', [u8(1, 2, 3, 4), scale(), ZERO, scale(), ZERO], {}, {'domain': 'com.microsoft'}),
]


def array_of(given, generator):
    return given if isinstance(given, np.ndarray) else generator.standard_normal(given).astype(np.float32)


def written(given, array):
    if array is None:
        return None
    fields = {'dtype': array.dtype.name, 'shape': list(array.shape)}
    return {**fields, 'values': array.flatten().tolist()} if isinstance(given, np.ndarray) and array.size <= 8 else fields


def make_case(name, inputs, attributes, more):
    generator = np.random.default_rng(1)
    arrays = [None if one is None else array_of(one, generator) for one in inputs]
    names = ['' if one is None else f'x{i}' for i, one in enumerate(inputs)]
    outputs = [f'y{i}' for i in range(more.get('outputs', 1))]
    opset, domain = more.get('opset', 17), more.get('domain', '')
    node = helper.make_node(name, names, outputs, domain=domain, **attributes)
    values = [
        helper.make_tensor_value_info(key, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
        for key, array in zip(names, arrays)
        if array is not None
    ]
    graph = helper.make_graph([node], 'g', values, [onnx.ValueInfoProto(name=one) for one in outputs])
    opsets = [helper.make_opsetid('', opset), helper.make_opsetid('com.microsoft', 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=['CPUExecutionProvider'])
    feeds = {key: array for key, array in zip(names, arrays) if array is not None}
    results = session.run(outputs, feeds)
    return {
        'operator': name,
        'domain': domain,
        'opset': opset,
        'attributes': attributes,
        'inputs': [written(one, array) for one, array in zip(inputs, arrays)],
        'outputs': [{'dtype': one.dtype.name, 'shape': list(one.shape)} for one in results],
        'multiplyAdds': more.get('cost', 0),
    }


cases = [make_case(*case) for case in CASES]
made_by = f'scripts/golden/inspectOperators.py, onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}'
lines = ',\n'.join(json.dumps(case, separators=(',', ':')) for case in cases)
FILE.write_text(f'{{"madeBy":{json.dumps(made_by)},\n"cases":[\n{lines}\n]}}\n')
print(f'{FILE.name}: {len(cases)} cases')
