import { afterEach, describe, expect, test, vi } from 'vitest';
import { makeResampler } from '../core/sound/resample.ts';
import { type AudioOptions, fromAudio } from './audio.ts';
import golden from './golden/wav.json' with { type: 'json' };
import { type AudioLike, decodeAudio } from './openSound.ts';

// The browser decodes other files; e2e/inputs.spec.ts tests that.
afterEach(() => vi.unstubAllGlobals());

const stereo = golden.cases.find(({ name }) => name === '16 bits, two channels') as (typeof golden.cases)[number];
const wavBlob = ({ base64 }: { base64: string }) => new Blob([Uint8Array.from(Buffer.from(base64, 'base64'))]);

function fakeBuffer(sampleRate: number, ...channels: number[][]): AudioBuffer {
  const length = channels[0]?.length ?? 0;
  const getChannelData = (c: number) => Float32Array.from(channels[c] as number[]);
  return { sampleRate, length, numberOfChannels: channels.length, getChannelData } as unknown as AudioBuffer;
}

async function readAll(sounds: AudioLike[], options: AudioOptions): Promise<number[][]> {
  const data = fromAudio(sounds, options);
  const { input } = (await data.read(Int32Array.from(sounds, (_, i) => i))).inputs;
  const length = input?.shape[1] as number;
  return sounds.map((_, i) => Array.from(input?.data.subarray(i * length, (i + 1) * length) ?? []));
}

describe('fromAudio', () => {
  test('gives one channel of the set length, with silence after short sounds, in the order of the indices', async () => {
    const sounds = [Float32Array.of(0.5, -0.5, 0.25), Float32Array.of(1), fakeBuffer(8000, [0.5, 1], [-0.5, 0.5])];
    const data = fromAudio(sounds, { sampleRate: 8000, samples: 2 });
    expect(data).toMatchObject({ size: 3, hasLabels: false, inputs: { input: { shape: [2], dtype: 'float32' } } });
    const { input } = (await data.read(Int32Array.of(2, 1, 0, 0))).inputs;
    expect(input?.shape).toEqual([4, 2]);
    expect([...(input?.data ?? [])]).toEqual([0, 0.75, 1, 0, 0.5, -0.5, 0.5, -0.5]);
  });

  test('reads the same samples from a WAV file, an AudioBuffer and a recording, at their rate and at another', async () => {
    const { sampleRate, values } = stereo;
    const samples = Float32Array.from(values);
    const sounds = [wavBlob(stereo), fakeBuffer(sampleRate, values, values), { samples, sampleRate }];
    const same = await readAll(sounds, { sampleRate, samples: values.length });
    const half = await readAll(sounds, { sampleRate: 22_050, samples: 5 });
    const expected = new Float32Array(5);
    makeResampler(44_100, 22_050).resample(samples, 0, 5, expected);
    for (const i of [0, 1, 2]) {
      for (const [k, value] of values.entries()) expect(same[i]?.[k]).toBeCloseTo(value, 6);
      for (const [k, value] of expected.entries()) expect(half[i]?.[k]).toBeCloseTo(value, 6);
    }
  });

  test('"seconds" are samples at the rate', async () => {
    expect(fromAudio([], { seconds: 0.5 }).inputs['input']?.shape).toEqual([8000]);
    expect(fromAudio([], { seconds: 2, sampleRate: 22_050 }).inputs['input']?.shape).toEqual([44_100]);
  });

  test('cuts windows from sounds, with or without a padded rest, at their rate and at another', async () => {
    const long = Float32Array.from({ length: 10 }, (_, i) => i + 1);
    const sounds = [long, { samples: Float32Array.of(7), sampleRate: 8000 }, fakeBuffer(8000, [1, 2, 3, 4, 5])];
    const windows = async (options: Partial<AudioOptions>) => {
      const data = fromAudio(sounds, { sampleRate: 8000, samples: 4, hopSamples: 3, ...options }, [5, 6, 7]);
      const { inputs, labels } = await data.read(Int32Array.from({ length: data.size }, (_, i) => i));
      return Array.from(labels, (label, i) => [label, ...(inputs['input']?.data.subarray(4 * i, 4 * i + 4) ?? [])]);
    };
    const whole = [
      [5, 1, 2, 3, 4],
      [5, 4, 5, 6, 7],
      [5, 7, 8, 9, 10],
      [6, 7, 0, 0, 0],
    ];
    expect(await windows({})).toEqual([...whole, [7, 1, 2, 3, 4]]);
    expect(await windows({ rest: 'padded' })).toEqual([...whole, [7, 1, 2, 3, 4], [7, 4, 5, 0, 0]]);
    // A window at another rate is what the whole sound gives there.
    const { samples, sampleRate } = { samples: Float32Array.from(stereo.values), sampleRate: stereo.sampleRate };
    const resampler = makeResampler(sampleRate, 22_050);
    const expected = new Float32Array(resampler.resultLength(samples.length));
    resampler.resample(samples, 0, expected.length, expected);
    const half = fromAudio([{ samples, sampleRate }], { sampleRate: 22_050, samples: 2, hopSamples: 1 });
    expect(half.size).toBe(expected.length - 1);
    const { input } = (await half.read(Int32Array.of(3, 1))).inputs;
    for (const [i, at] of [3, 4, 1, 2].entries()) expect(input?.data[i]).toBeCloseTo(expected[at] as number, 6);
  });

  test('decodes a file once, so that windows can be cut from it', async () => {
    const recording = await decodeAudio(wavBlob(stereo));
    expect(recording.sampleRate).toBe(44_100);
    expect(recording.samples.length).toBe(stereo.values.length);
    expect(fromAudio([recording], { sampleRate: 44_100, samples: 4, hopSamples: 4 }).size).toBe(3);
    await expect(decodeAudio(new Blob(['no sound']))).rejects.toMatchObject({ code: 'audio-unreadable' });
  });

  test('keeps labels with their sounds', async () => {
    const data = fromAudio([Float32Array.of(1), Float32Array.of(2)], { samples: 1 }, [7, 8]);
    expect((await data.read(Int32Array.of(1, 0))).labels).toEqual(Int32Array.of(8, 7));
  });

  test('leaves other files to the browser, at the rate of the dataset', async () => {
    const rates: number[] = [];
    vi.stubGlobal(
      'OfflineAudioContext',
      class {
        constructor(_channels: number, _length: number, sampleRate: number) {
          rates.push(sampleRate);
        }
        decodeAudioData = async () => fakeBuffer(rates.at(-1) as number, [0.25, 0.5]);
      },
    );
    expect(await readAll([new Blob(['OggS'])], { samples: 3, sampleRate: 24_000 })).toEqual([[0.25, 0.5, 0]]);
    expect(rates).toEqual([24_000]);
    const data = fromAudio([new Blob(['OggS'])], { samples: 3, sampleRate: 24_000 });
    using _hold = data.holdDecoded?.();
    for (let i = 0; i < 2; i++) {
      expect((await data.read(Int32Array.of(0))).inputs['input']?.data).toEqual(Float32Array.of(0.25, 0.5, 0));
    }
    expect(rates).toEqual([24_000, 24_000]);
  });

  test('says which blob does not decode, and why', async () => {
    const data = fromAudio([Float32Array.of(0), new Blob(['no sound'])], { samples: 1 });
    await expect(data.read(Int32Array.of(1))).rejects.toMatchObject({
      code: 'audio-unreadable',
      message: expect.stringContaining('Sound 1 could not be decoded: only WAV files'),
      details: { index: 1 },
    });
    vi.stubGlobal(
      'OfflineAudioContext',
      class {
        decodeAudioData = () => Promise.reject(new Error('unknown format'));
      },
    );
    await expect(data.read(Int32Array.of(1))).rejects.toMatchObject({
      message: 'Sound 1 could not be decoded: unknown format',
    });
  });

  test('stops when its signal aborts', async () => {
    const data = fromAudio([Float32Array.of(0)], { samples: 1 });
    await expect(data.read(Int32Array.of(0), AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });

  const sound = Float32Array.of(1);
  test.each([
    ['an empty blob', 'audio-unreadable', () => fromAudio([new Blob([])], { samples: 1 })],
    ['a sound without samples', 'audio-unreadable', () => fromAudio([sound, new Float32Array()], { samples: 1 })],
    ['no length', 'invalid-option', () => fromAudio([sound], {})],
    ['two lengths', 'invalid-option', () => fromAudio([sound], { seconds: 1, samples: 16_000 })],
    ['a length of 0', 'invalid-option', () => fromAudio([sound], { samples: 0 })],
    ['seconds of less than a sample', 'invalid-option', () => fromAudio([sound], { seconds: 1e-6 })],
    ['a rate of 0', 'invalid-option', () => fromAudio([sound], { samples: 1, sampleRate: 0 })],
    [
      'a recording without a rate',
      'invalid-option',
      () => fromAudio([{ samples: sound, sampleRate: 0.5 }], { samples: 1 }),
    ],
    ['a rate in kilohertz', 'invalid-option', () => fromAudio([sound], { samples: 1, sampleRate: 16 })],
    [
      'a recording at a rate that no recorder has',
      'invalid-option',
      () => fromAudio([{ samples: sound, sampleRate: 1e9 }], { samples: 1 }),
    ],
    ['windows of a file', 'invalid-option', () => fromAudio([wavBlob(stereo)], { samples: 1, hopSamples: 1 })],
    ['two hops', 'invalid-option', () => fromAudio([sound], { samples: 1, hopSamples: 1, hopSeconds: 1 })],
    ['a hop of 0', 'invalid-option', () => fromAudio([sound], { samples: 1, hopSamples: 0 })],
    [
      'windows with the wrong number of labels',
      'shape-mismatch',
      () => fromAudio([sound], { samples: 1, hopSamples: 1 }, [1, 2]),
    ],
    ['an unknown option', 'invalid-option', () => fromAudio([sound], { length: 1 } as unknown as AudioOptions)],
    ['the wrong number of labels', 'shape-mismatch', () => fromAudio([sound], { samples: 1 }, [1, 2])],
  ])('refuses %s', (_, code, make) => {
    expect(make).toThrow(expect.objectContaining({ code }));
  });
});
