# Judges exported files: onnx's checker with full checks, its shape inference in strict mode with data propagation, and
# onnxruntime against what tfjs gave. Called by exportedLayers.mjs; prints the verdicts as JSON.
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

onnxruntime.set_default_logger_severity(4)


def array(one):
    return np.array(one["data"], dtype=one["type"]).reshape(one["shape"])


def judge(folder, case):
    path = folder / f"{case['file']}.onnx"
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    except Exception as error:
        return {"hash": case["hash"], "checker": str(error), "maxDifference": None}
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        names = [one.name for one in session.get_inputs()]
        outputs = session.run(None, {name: array(one) for name, one in zip(names, case["given"])})
    except Exception as error:
        return {"hash": case["hash"], "checker": f"onnxruntime: {error}", "maxDifference": None}
    worst = 0.0
    for actual, one in zip(outputs, case["wanted"], strict=True):
        wanted = array(one)
        if actual.shape != wanted.shape:
            return {"hash": case["hash"], "checker": f"shape {actual.shape}, not {wanted.shape}", "maxDifference": None}
        most = max(1.0, float(np.abs(wanted).max(initial=0)))
        worst = max(worst, float(np.abs(actual.astype(np.float64) - wanted).max(initial=0)) / most)
    return {"hash": case["hash"], "checker": "ok", "maxDifference": float(f"{worst:.2g}")}


folder = Path(sys.argv[1])
cases = {}
for path in sorted(folder.glob("*.json")):
    case = json.loads(path.read_text())
    cases[case["key"]] = judge(folder, case)
rows = [f"    {json.dumps(key, ensure_ascii=False)}: {json.dumps(cases[key])}" for key in sorted(cases)]
print("{")
print(f'  "onnx": {json.dumps(onnx.__version__)},')
print(f'  "onnxruntime": {json.dumps(onnxruntime.__version__)},')
print('  "cases": {')
print(",\n".join(rows))
print("  }")
print("}")
