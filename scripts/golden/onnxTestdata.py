"""Compares models that limbeck read and wrote with onnx's own reading of the originals; for scripts/onnxTestdata.mjs.

    /usr/bin/python3 scripts/golden/onnxTestdata.py models.json

The file lists, for each model, its path, the path of what limbeck wrote, and the errors of limbeck's reading and check.
Two readings are equal when onnx writes them alike: every field, known to limbeck or not, NaN included. Printed is the count of each outcome
and every model for which limbeck and onnx disagree.
"""

import json
import sys
from pathlib import Path

import onnx


def read(path):
    model = onnx.ModelProto()
    model.ParseFromString(Path(path).read_bytes())
    return model.SerializeToString(deterministic=True)


def is_accepted(path):
    try:
        onnx.checker.check_model(path)
        return True
    except Exception:
        return False


models = json.loads(Path(sys.argv[1]).read_text())
counts = {'models': len(models), 'parsed': 0, 'equal': 0, 'acceptedByOnnx': 0, 'acceptedByLimbeck': 0, 'acceptedByBoth': 0}
exceptions = []
refused = []
for model in models:
    if model['parseError'] is not None:
        exceptions.append({'model': model['file'], 'what': model['parseError']})
        continue
    counts['parsed'] += 1
    if read(model['file']) == read(model['written']):
        counts['equal'] += 1
    else:
        exceptions.append({'model': model['file'], 'what': 'what was written differs from what was read'})
    by_onnx, by_limbeck = is_accepted(model['file']), model['checkError'] is None
    counts['acceptedByOnnx'] += by_onnx
    counts['acceptedByLimbeck'] += by_limbeck
    counts['acceptedByBoth'] += by_onnx and by_limbeck
    if not by_onnx:
        refused.append(model['file'].split('/data/')[-1])
    if by_onnx != by_limbeck:
        exceptions.append({'model': model['file'], 'what': model['checkError'] or 'only onnx refuses it'})
print(json.dumps({'onnx': onnx.__version__, **counts, 'refusedByOnnx': refused, 'exceptions': exceptions}))
