"""Golden scales, zero points and ranges of onnxruntime's own quantization.

Run from the repository's root, with Debian's python3-onnx, python3-onnxruntime and python3-numpy:

    /usr/bin/python3 scripts/golden/quantize.py

It writes two small models, image.onnx and products.onnx, and quantize.json into src/export/quantize/golden/. Weights and
examples come from a seed; examples are whole numbers k of 8 bits, read as k / 32: exact in float32. Histograms are
collected batch by batch, each wider than the one before, so that they have to grow.
"""

import base64
import json
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnx.reference  # After onnxruntime it no longer loads.
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.capi._pybind_state import quantize_matmul_4bits
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.calibrate import create_calibrator

SEED = 20261
BATCHES, BATCH = 3, 8
BINS, QUANTIZED_BINS, PERCENTILE = 2048, 128, 99.0
FOLDER = Path(__file__).resolve().parents[2] / 'src' / 'export' / 'quantize' / 'golden'
random = np.random.default_rng(SEED)


def weight(name, *shape):
    values = random.standard_normal(shape) * np.exp(random.uniform(-2, 1, (shape[0],) + (1,) * (len(shape) - 1)))
    return numpy_helper.from_array((values * 0.3).astype(np.float32), name)


def save(name, nodes, shape, outputs, weights):
    x = helper.make_tensor_value_info('x', TensorProto.FLOAT, ['B', *shape])
    y = helper.make_tensor_value_info('y', TensorProto.FLOAT, ['B', outputs])
    graph = helper.make_graph(nodes, name, [x], [y], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, FOLDER / f'{name}.onnx')


def make_models():
    node = helper.make_node
    image = [
        node('Conv', ['x', 'w1', 'b1'], ['c1'], 'conv1', pads=[1, 1, 1, 1]),
        node('Relu', ['c1'], ['r1'], 'relu1'),
        node('Conv', ['r1', 'w2', 'b2'], ['c2'], 'depthwise', pads=[1, 1, 1, 1], group=8),
        node('Clip', ['c2', 'zero', 'six'], ['r2'], 'clip'),
        node('Add', ['r1', 'r2'], ['sum'], 'residual'),
        node('MaxPool', ['sum'], ['p'], 'pool', kernel_shape=[2, 2], strides=[2, 2]),
        node('Flatten', ['p'], ['f'], 'flatten'),
        node('Gemm', ['f', 'w3', 'b3'], ['y'], 'dense', transB=1),
    ]
    bounds = [numpy_helper.from_array(np.array(bound, np.float32), name) for name, bound in [('zero', 0), ('six', 6)]]
    weights = [weight('w1', 8, 3, 3, 3), weight('b1', 8), weight('w2', 8, 1, 3, 3), weight('b2', 8)]
    save('image', image, [3, 8, 8], 5, [*weights, weight('w3', 5, 128), weight('b3', 5), *bounds])
    products = [
        node('MatMul', ['x', 'w1'], ['m1'], 'first'),
        node('Add', ['m1', 'b1'], ['a1'], 'bias'),
        node('Relu', ['a1'], ['r1'], 'relu'),
        node('MatMul', ['r1', 'w2'], ['y'], 'second'),
    ]
    save('products', products, [24], 7, [weight('w1', 24, 40), weight('b1', 40), weight('w2', 40, 7)])


def make_batches(shape):
    batches = []
    for i in range(BATCHES):
        values = random.standard_normal((BATCH, *shape)) * (25 + 6 * i)
        batches.append(np.clip(np.round(values), -128, 127).astype(np.int8))
    return batches


class Reader(CalibrationDataReader):
    def __init__(self, batches):
        self.batches = iter([{'x': batch.astype(np.float32) / 32} for batch in batches])

    def get_next(self):
        return next(self.batches, None)


def numbers(array):
    return np.asarray(array).flatten().tolist()


def initializers(path):
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}


def static(path, batches):
    """Scales and zero points by tensor, and the 8-bit weights and 32-bit biases."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / 'q.onnx'
        quantize_static(
            path, out, Reader(batches), per_channel=True, activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod.MinMax,
        )
        stored = initializers(out)
        read = {}
        for node in onnx.load(out).graph.node:
            if node.op_type == 'QuantizeLinear':
                read[node.input[0]] = [float(stored[node.input[1]]), int(stored[node.input[2]])]
        weights = {}
        for name, array in stored.items():
            if name.endswith('_quantized'):
                scale = stored.get(name.replace('_quantized', '_scale'), stored.get(f'{name}_scale'))
                weights[name[: -len('_quantized')]] = {'data': numbers(array), 'scales': numbers(scale)}
        return {'activations': read, 'weights': weights}


def dynamic(path):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / 'q.onnx'
        quantize_dynamic(path, out, per_channel=True, weight_type=QuantType.QInt8, op_types_to_quantize=['MatMul'])
        stored = initializers(out)
        names = [name[: -len('_quantized')] for name in stored if name.endswith('_quantized')]
        return {
            name: {'data': numbers(stored[f'{name}_quantized']), 'scales': numbers(stored[f'{name}_scale'])}
            for name in names
        }


def ranges(path, batches, method):
    options = {'num_bins': BINS, 'num_quantized_bins': QUANTIZED_BINS, 'percentile': PERCENTILE, 'symmetric': False}
    with tempfile.TemporaryDirectory() as folder:
        calibrator = create_calibrator(
            path, augmented_model_path=str(Path(folder) / 'a.onnx'), calibrate_method=method, extra_options=options
        )
        for batch in batches:
            calibrator.collect_data(Reader([batch]))
        histograms = calibrator.collector.get_histogram_dict()
        bins = {name: float(histogram[4]) * 2 / len(histogram[0]) for name, histogram in histograms.items()}
        data = calibrator.compute_data().data
        return {
            name: {'range': [float(value.range_value[0]), float(value.range_value[1])], 'bin': bins[name]}
            for name, value in data.items()
        }


def halves():
    """Random bits, ties, subnormals and the ends of what halves hold, with what numpy makes of them."""
    spread = (random.standard_normal(60) * np.exp2(random.uniform(-28, 15, 60))).astype(np.float32)
    ties = np.array([1 + 2**-11, 1 + 3 * 2**-11, 2**-24, 2**-25, 1.5 * 2**-24, 65504, 65519, 0], np.float32)
    values = np.concatenate([spread[np.abs(spread) < 65504], ties, -ties])
    return {'bits': values.view(np.uint32).tolist(), 'halves': values.astype(np.float16).view(np.uint16).tolist()}


def int4():
    rows, columns, block = 40, 6, 16
    blocks = -(-rows // block)
    matrix = (random.integers(-128, 128, (rows, columns)) / 64).astype(np.float32)
    padded = np.pad(matrix, ((0, blocks * block - rows), (0, 0)))
    packed = np.zeros((columns, blocks, block // 2), np.uint8)
    scales = np.zeros(columns * blocks, np.float32)
    zeros = np.zeros(columns * ((blocks + 1) // 2), np.uint8)
    quantize_matmul_4bits(packed, padded, scales, zeros, block, columns, rows, True)
    return {
        'rows': rows, 'columns': columns, 'blockSize': block, 'matrix': numbers(matrix),
        'packed': numbers(packed), 'scales': numbers(scales),
    }


FOLDER.mkdir(parents=True, exist_ok=True)
make_models()
golden = {'halves': halves(), 'int4': int4(), 'percentile': PERCENTILE, 'models': {}}
for name, shape in [('image', [3, 8, 8]), ('products', [24])]:
    path = str(FOLDER / f'{name}.onnx')
    batches = make_batches(shape)
    golden['models'][name] = {
        'shape': [BATCHES * BATCH, *shape],
        'samples': base64.b64encode(np.concatenate(batches).tobytes()).decode(),
        'static': static(path, batches),
        'dynamic': dynamic(path),
        'entropy': ranges(path, batches, CalibrationMethod.Entropy),
        'percentile': ranges(path, batches, CalibrationMethod.Percentile),
    }
(FOLDER / 'quantize.json').write_text(json.dumps(golden) + '\n')
