"""Golden values of the image inputs: filters with and without antialiasing, fits and normalisation.

Run from the repository's root, with Debian's python3-torch and python3-pil:

    /usr/bin/python3 scripts/golden/images.py

It writes src/teacher/golden/images.json. Pixels are bytes, [height, width, 3]. `resized` is in 0…1, by PyTorch's
F.interpolate in float64; with antialiasing the script also holds it against Pillow's resize of each channel in float32 and
ends if they differ. `pipelines` hold what the preprocessing of a model family gives, written out with PyTorch as the
family's own code does it.
"""

import json
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, __version__ as pillow_version

SEED = 20262
FILE = Path(__file__).resolve().parents[2] / 'src' / 'teacher' / 'golden' / 'images.json'
random = np.random.default_rng(SEED)
PILLOW = {'bilinear': Image.Resampling.BILINEAR, 'bicubic': Image.Resampling.BICUBIC}


def picture(height, width):
    """Smooth shades with hard edges and some noise, so that a cubic overshoots here and there."""
    y, x = np.mgrid[0:height, 0:width]
    shades = np.stack([x / width, y / height, (x + y) % 5 / 4], 2)
    shades[height // 3 : height // 2, width // 4 : width // 2] = [1, 0, 1]
    return np.clip(np.round(shades * 255 + random.integers(-20, 21, shades.shape)), 0, 255).astype(np.uint8)


def interpolate(image, size, filter_, antialias):
    planes = torch.tensor(image / 255.0).permute(2, 0, 1)[None]
    result = F.interpolate(planes, size=size, mode=filter_, align_corners=False, antialias=antialias)
    return result[0].permute(1, 2, 0).clamp(0, 1).numpy()


def pillow(image, size, filter_):
    planes = [Image.fromarray((image[:, :, c] / 255).astype(np.float32), mode='F') for c in range(3)]
    resized = [np.asarray(plane.resize(size[::-1], PILLOW[filter_])) for plane in planes]
    return np.clip(np.stack(resized, 2), 0, 1)


def numbers(values):
    return [round(float(value), 5) for value in np.asarray(values).ravel()]


def resize_case(start, size, filter_, antialias):
    image = picture(*start)
    resized = interpolate(image, size, filter_, antialias)
    if antialias and np.abs(resized - pillow(image, size, filter_)).max() > 1e-6:
        raise SystemExit(f'PyTorch and Pillow differ: {start} to {size}, {filter_}')
    return {
        'from': list(start), 'to': list(size), 'filter': filter_, 'antialias': 'yes' if antialias else 'no',
        'image': image.ravel().tolist(), 'resized': numbers(resized),
    }


def channels_first(image, mean, std):
    return ((image - np.array(mean)) / np.array(std)).transpose(2, 0, 1)


def crop_middle(image, side):
    top, left = (int(round((length - side) / 2.0)) for length in image.shape[:2])
    return image[top : top + side, left : left + side]


def short_side(height, width, side):
    return (side, int(side * width / height)) if height <= width else (int(side * height / width), side)


IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
CLIP = ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])


def torchvision(image):
    """Resize(16) and CenterCrop(14), as 256 and 224."""
    return channels_first(
        crop_middle(interpolate(image, short_side(*image.shape[:2], 16), 'bilinear', True), 14), *IMAGENET
    )


def clip(image):
    return channels_first(crop_middle(interpolate(image, short_side(*image.shape[:2], 12), 'bicubic', True), 12), *CLIP)


def paddle_recognition(image):
    """resize_norm_img of PaddleOCR's recognition, on BGR, to 12 × 40."""
    height, width = image.shape[:2]
    new_width = min(math.ceil(12 * width / height), 40)
    resized = interpolate(image[:, :, ::-1].copy(), (12, new_width), 'bilinear', False)
    out = np.zeros((3, 12, 40))
    out[:, :, :new_width] = (resized.transpose(2, 0, 1) - 0.5) / 0.5
    return out


def letterbox(image):
    """The YOLO family: whole, in the middle of 20 × 20, on grey of 114."""
    height, width = image.shape[:2]
    scale = min(20 / height, 20 / width)
    size = (round(height * scale), round(width * scale))
    out = np.full((20, 20, 3), 114 / 255)
    top, left = (20 - size[0]) // 2, (20 - size[1]) // 2
    out[top : top + size[0], left : left + size[1]] = interpolate(image, size, 'bilinear', False)
    return out.transpose(2, 0, 1)


def caffe_bytes(image):
    """BGR from 0 to 255 with the mean taken away, channels last."""
    resized = interpolate(image, (9, 8), 'bilinear', False)[:, :, ::-1] * 255
    return resized - np.array([103.939, 116.779, 123.68])


def pipeline_case(name, make, start):
    image = picture(*start)
    result = make(image)
    return {
        'name': name, 'from': list(start), 'image': image.ravel().tolist(), 'shape': list(result.shape),
        'values': numbers(result),
    }


resizes = [
    resize_case((17, 23), (6, 9), 'bilinear', True),
    resize_case((17, 23), (6, 9), 'bicubic', True),
    resize_case((16, 12), (7, 20), 'bicubic', True),
    resize_case((9, 7), (14, 12), 'bicubic', True),
    resize_case((13, 11), (5, 4), 'bicubic', False),
    resize_case((6, 5), (11, 9), 'bicubic', False),
    resize_case((2, 3), (5, 4), 'bicubic', False),
]
pipelines = [
    pipeline_case('torchvision', torchvision, (23, 31)),
    pipeline_case('torchvision', torchvision, (26, 19)),
    pipeline_case('clip', clip, (21, 30)),
    pipeline_case('clip', clip, (9, 7)),
    pipeline_case('paddleRecognition', paddle_recognition, (15, 34)),
    pipeline_case('paddleRecognition', paddle_recognition, (10, 50)),
    pipeline_case('letterbox', letterbox, (15, 33)),
    pipeline_case('letterbox', letterbox, (13, 9)),
    pipeline_case('caffe', caffe_bytes, (14, 11)),
]


def lines(cases):
    return ',\n'.join(json.dumps(case, separators=(',', ':')) for case in cases)


made_by = f'scripts/golden/images.py, torch {torch.__version__}, Pillow {pillow_version}, seed {SEED}'
FILE.write_text(
    f'{{"madeBy":{json.dumps(made_by)},\n"resizes":[\n{lines(resizes)}\n],\n"pipelines":[\n{lines(pipelines)}\n]}}\n'
)
print(f'{FILE.name}: {len(resizes)} resizes, {len(pipelines)} pipelines, {FILE.stat().st_size} bytes')
