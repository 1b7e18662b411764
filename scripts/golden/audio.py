"""Golden values of the audio inputs: log-mel spectrograms, resampling and WAV files.

Run from the repository's root, with Debian's python3-torch and python3-scipy:

    /usr/bin/python3 scripts/golden/audio.py

It writes src/core/sound/golden/{logMel,resample}.json and src/data/golden/{wav,augmentSound}.json. Sounds are integers k, read as k / 32768.
Spectra are torch.stft's in float64; mel filters follow the published formulas of Slaney and of the HTK book. Resampling is
the formula of torchaudio.functional.resample (Hann-windowed sinc, width 6, rolloff 0.99). WAV files are scipy's and the
standard library's. Rooms are scipy.signal.convolve's, noise is mixed by the definition of the ratio.
"""

import base64
import io
import json
import math
import struct
import wave
from pathlib import Path

import numpy as np
import torch
from scipy.io import wavfile
from scipy.signal import convolve

SEED = 20261
ROOT = Path(__file__).resolve().parents[2] / 'src'
MADE_BY = f'scripts/golden/audio.py, torch {torch.__version__}, numpy {np.__version__}, float64, seed {SEED}'
random = np.random.default_rng(SEED)


def sound(length, rate=16000):
    """Two tones, a click and noise that swells: loud and quiet frames, low and high bands."""
    t = np.arange(length) / rate
    tones = 0.4 * np.sin(2 * np.pi * 440 * t) + 0.2 * np.sin(2 * np.pi * 3100 * t + 1)
    noise = random.standard_normal(length) * 0.05 * np.linspace(0, 1, length) ** 2
    both = tones + noise
    both[length // 3] += 0.3
    return np.clip(np.round(both * 32768), -32768, 32767).astype(int)


def write(folder, name, cases):
    lines = ',\n'.join(json.dumps(case, separators=(',', ':')) for case in cases)
    file = ROOT / folder / 'golden' / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f'{{"madeBy":{json.dumps(MADE_BY)},\n"cases":[\n{lines}\n]}}\n')
    print(f'{name}: {len(cases)} cases, {file.stat().st_size} bytes')


def numbers(values, digits=7):
    return [round(float(value), digits) for value in np.asarray(values).ravel()]


# Mel filters ---------------------------------------------------------------------------------------------------------

def slaney_mel(hz):
    hz = np.asarray(hz, dtype=float)
    return np.where(hz < 1000, hz * 3 / 200, 15 + 27 * np.log(np.maximum(hz, 1e-9) / 1000) / np.log(6.4))


def slaney_hz(mel):
    mel = np.asarray(mel, dtype=float)
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))


def htk_mel(hz):
    return 1127.0 * np.log(1 + np.asarray(hz, dtype=float) / 700)


def htk_hz(mel):
    return 700 * (np.exp(np.asarray(mel, dtype=float) / 1127.0) - 1)


def filters(rate, fft, bands, low, high, scale, triangles, area):
    to_mel, to_hz = (slaney_mel, slaney_hz) if scale == 'slaney' else (htk_mel, htk_hz)
    mels = np.linspace(to_mel(low), to_mel(high), bands + 2)
    hz = to_hz(mels)
    bins = np.arange(fft // 2 + 1) * rate / fft
    edges, places = (hz, bins) if triangles == 'hertz' else (mels, to_mel(bins))
    rising = (places[None] - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - places[None]) / np.diff(edges)[1:, None]
    weights = np.maximum(0, np.minimum(rising, falling))
    if triangles == 'mel':
        weights[:, 0] = 0
    if area == 'one':
        weights *= (2 / (hz[2:] - hz[:-2]))[:, None]
    return weights


def log_mel(samples, options):
    o = {
        'sampleRate': 16000, 'fftSize': 400, 'hopSamples': 160, 'edges': 'reflect', 'lastFrame': 'kept', 'power': 2,
        'bands': 80, 'lowHz': 0, 'scale': 'slaney', 'triangles': 'hertz', 'area': 'one', 'log': 'log10', 'offset': 0,
        'floor': 1e-10, 'mean': 0, 'stdDev': 1, **options,
    }
    window = o.get('windowSamples', o['fftSize'])
    x = torch.tensor(samples / 32768, dtype=torch.float64)
    hann = torch.hann_window(window, periodic=True, dtype=torch.float64)
    if o['edges'] == 'none':
        frames = x.unfold(0, window, o['hopSamples']) * hann
        magnitudes = torch.fft.rfft(frames, n=o['fftSize']).abs().T
    else:
        mode = 'reflect' if o['edges'] == 'reflect' else 'constant'
        magnitudes = torch.stft(
            x, o['fftSize'], o['hopSamples'], window, hann, center=True, pad_mode=mode, return_complex=True
        ).abs()
    if o['lastFrame'] == 'dropped':
        magnitudes = magnitudes[:, :-1]
    high = o.get('highHz', o['sampleRate'] / 2)
    bank = filters(
        o['sampleRate'], o['fftSize'], o['bands'], o['lowHz'], high, o['scale'], o['triangles'], o['area']
    )
    mel = np.maximum(bank @ (magnitudes.numpy() ** o['power']) + o['offset'], o['floor'])
    logs = {'log10': np.log10, 'ln': np.log, 'decibel': lambda v: 10 * np.log10(v), 'none': lambda v: v}[o['log']](mel)
    if 'dynamicRange' in o:
        logs = np.maximum(logs, logs.max() - o['dynamicRange'])
    return (logs - o['mean']) / o['stdDev']


WHISPER = {'lastFrame': 'dropped', 'dynamicRange': 8, 'mean': -4, 'stdDev': 4}
YAMNET = {
    'fftSize': 512, 'windowSamples': 400, 'edges': 'none', 'power': 1, 'bands': 64, 'lowHz': 125, 'highHz': 7500,
    'scale': 'htk', 'triangles': 'mel', 'area': 'free', 'log': 'ln', 'offset': 0.001, 'floor': 0,
}
MEL_CASES = [
    ('whisper', 960, WHISPER),
    ('yamnet', 1200, YAMNET),
    ('shortWindow', 700, {
        'fftSize': 256, 'windowSamples': 200, 'hopSamples': 128, 'edges': 'zeros', 'bands': 20, 'scale': 'htk',
        'area': 'free', 'log': 'decibel', 'dynamicRange': 60,
    }),
    ('oddTransform', 300, {'fftSize': 105, 'hopSamples': 50, 'bands': 8, 'log': 'none', 'sampleRate': 8000}),
    ('oddWindow', 300, {'fftSize': 128, 'windowSamples': 75, 'hopSamples': 40, 'bands': 8, 'log': 'ln', 'edges': 'zeros'}),
]


def mel_case(name, length, options):
    samples = sound(length, options.get('sampleRate', 16000))
    result = log_mel(samples, options)
    return {
        'name': name, 'options': options, 'samples': samples.tolist(), 'shape': list(result.shape),
        'values': numbers(result, 6),
    }


# Resampling ----------------------------------------------------------------------------------------------------------

def resample(samples, old, new, width=6, rolloff=0.99):
    divisor = math.gcd(old, new)
    old, new = old // divisor, new // divisor
    base = min(old, new) * rolloff
    reach = math.ceil(width * old / base)
    places = np.arange(-reach, reach + old)[None] / old
    t = np.clip((np.arange(0, -new, -1)[:, None] / new + places) * base, -width, width)
    kernels = np.sinc(t) * np.cos(t * np.pi / width / 2) ** 2 * base / old
    padded = np.concatenate([np.zeros(reach), samples / 32768, np.zeros(reach + old)])
    steps = (len(padded) - kernels.shape[1]) // old + 1
    result = np.stack([kernels @ padded[i * old : i * old + kernels.shape[1]] for i in range(steps)]).ravel()
    return result[: math.ceil(new * len(samples) / old)]


def resample_case(old, new, length):
    samples = sound(length, old)
    return {'from': old, 'to': new, 'samples': samples.tolist(), 'values': numbers(resample(samples, old, new))}


# WAV files -----------------------------------------------------------------------------------------------------------

def wav_case(name, blob, rate, channels):
    """`channels` [samples, channels] in −1…1; the file's mono sound is their mean."""
    return {
        'name': name, 'base64': base64.b64encode(blob).decode(), 'sampleRate': rate,
        'channels': int(channels.shape[1]), 'values': numbers(channels.mean(1), 8),
    }


def scipy_wav(rate, values):
    file = io.BytesIO()
    wavfile.write(file, rate, values)
    return file.getvalue()


def pcm24(rate, values):
    file = io.BytesIO()
    with wave.open(file, 'wb') as out:
        out.setnchannels(values.shape[1])
        out.setsampwidth(3)
        out.setframerate(rate)
        out.writeframes(b''.join(int(v).to_bytes(3, 'little', signed=True) for v in values.ravel()))
    return file.getvalue()


def extensible(rate, values):
    """16 bits in WAVE_FORMAT_EXTENSIBLE, with a chunk of odd length that nobody knows before the samples."""
    channels = values.shape[1]
    guid = struct.pack('<H', 1) + bytes.fromhex('000000001000800000aa00389b71')
    form = struct.pack('<HHIIHHHHI', 0xFFFE, channels, rate, rate * channels * 2, channels * 2, 16, 22, 16, 3) + guid
    data = values.astype('<i2').tobytes()
    chunks = b'fmt ' + struct.pack('<I', len(form)) + form
    chunks += b'note' + struct.pack('<I', 3) + b'abc\0'
    chunks += b'data' + struct.pack('<I', len(data)) + data
    return b'RIFF' + struct.pack('<I', 4 + len(chunks)) + b'WAVE' + chunks


def wav_cases():
    stereo = np.stack([sound(12), sound(12)[::-1]], 1)
    mono = sound(9)[:, None]
    floats = (mono / 32768).astype(np.float32)
    bytes_ = ((mono >> 8) + 128).astype(np.uint8)
    return [
        wav_case('8 bits', scipy_wav(8000, bytes_), 8000, (bytes_.astype(float) - 128) / 128),
        wav_case('16 bits, two channels', scipy_wav(44100, stereo.astype(np.int16)), 44100, stereo / 32768),
        wav_case('24 bits', pcm24(48000, mono * 256 + 7), 48000, (mono * 256 + 7) / 2**23),
        wav_case('32 bits', scipy_wav(16000, (mono * 65536).astype(np.int32)), 16000, mono / 32768),
        wav_case('floats', scipy_wav(16000, floats), 16000, floats.astype(float)),
        wav_case('doubles', scipy_wav(16000, floats.astype(np.float64)), 16000, floats.astype(float)),
        wav_case('extensible', extensible(22050, stereo), 22050, stereo / 32768),
    ]


write('core/sound', 'logMel.json', [mel_case(*case) for case in MEL_CASES])
write('core/sound', 'resample.json', [resample_case(*case) for case in [
    (44100, 16000, 200), (48000, 16000, 150), (8000, 16000, 60), (11025, 16000, 80), (16000, 7919, 60),
]])
write('data', 'wav.json', wav_cases())


# Varied sounds -------------------------------------------------------------------------------------------------------

def room_case(length, taps):
    dry = sound(length)
    response = np.round(np.exp(-6.9 * np.arange(taps) / taps) * random.standard_normal(taps) * 8192).astype(int)
    x = dry / 32768
    wet = convolve(x, response / 32768, method='direct')[:length]
    wet *= np.sqrt(np.mean(x**2) / np.mean(wet**2))
    return {'kind': 'room', 'samples': dry.tolist(), 'other': response.tolist(), 'decibels': 0, 'values': numbers(wet)}


def noise_case(length, decibels):
    clean, noise = sound(length), np.round(random.standard_normal(length) * 3000).astype(int)
    x, n = clean / 32768, noise / 32768
    n = n * np.sqrt(np.mean(x**2) / np.mean(n**2) / 10 ** (decibels / 10))
    return {
        'kind': 'noise', 'samples': clean.tolist(), 'other': noise.tolist(), 'decibels': decibels,
        'values': numbers(x + n),
    }


write('data', 'augmentSound.json', [room_case(120, 40), room_case(90, 90), noise_case(100, 12), noise_case(100, -3)])
