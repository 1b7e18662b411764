"""Golden files for src/data/npy.test.ts: arrays as numpy.save writes them, base64. Run: python3 scripts/golden/npy.py"""
import base64
import io
import json
import pathlib

import numpy

ARRAYS = {
    "float32": numpy.array([[1.5, -2.0, 3.25]], dtype="<f4"),
    "float64": numpy.array([0.5, 1e-3], dtype="<f8"),
    "int64": numpy.array([[-1], [7]], dtype="<i8"),
    "int16": numpy.array([-300, 300], dtype="<i2"),
    "uint8": numpy.array([0, 255], dtype="u1"),
    "bool": numpy.array([True, False]),
    "scalar": numpy.array(4.0, dtype="<f4"),
    "empty": numpy.zeros((0, 3), dtype="<f4"),
}
REFUSED = {
    "bigEndian": numpy.array([1.0], dtype=">f4"),
    "fortran": numpy.asfortranarray(numpy.arange(6, dtype="<f4").reshape(2, 3)),
    "text": numpy.array(["a"]),
    "complex": numpy.array([1j], dtype="<c8"),
}


def saved(array):
    file = io.BytesIO()
    numpy.save(file, array)
    return base64.b64encode(file.getvalue()).decode()


def main():
    out = {
        "numpy": numpy.__version__,
        "arrays": {
            name: {"file": saved(array), "shape": list(array.shape), "values": array.astype("f8").ravel().tolist()}
            for name, array in ARRAYS.items()
        },
        "refused": {name: saved(array) for name, array in REFUSED.items()},
    }
    path = pathlib.Path(__file__).parents[2] / "src/data/golden/npy.json"
    path.write_text(json.dumps(out, indent=1) + "\n")


main()
