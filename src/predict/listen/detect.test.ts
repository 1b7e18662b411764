import { describe, expect, test } from 'vitest';
import { makeLogMel } from '../../core/sound/logMel.ts';
import { type Detections, detect } from './detect.ts';
import { bursts, hearingStudent, loudness } from './listenCases.ts';
import { type DetectOptions, readDetector } from './listenOptions.ts';
import { makeSoundWindows } from './soundWindows.ts';
import { makeTrigger } from './trigger.ts';

const MEL = { bands: 8, edges: 'none', fftSize: 256, hopSamples: 160 } as const;
/** 0.2 s of sound: loud windows have a high probability. */
const ears = () => hearingStudent([3200], (window) => 40 * (loudness(window) - 0.2));

describe('windows of a stream', () => {
  test.each([
    [13, 0.05],
    [10, 0.1],
    [7, 0.03],
  ])('of %d frames each %d s are the spectrograms of the same samples, whatever the pieces', (frames, hopSeconds) => {
    const { student } = hearingStudent([frames, 8, 1], () => 0);
    const detector = readDetector(student, { logMel: MEL, hopSeconds });
    expect(detector.windowSamples).toBe(256 + (frames - 1) * 160);
    const sound = bursts(1, [[0.3, 0.5]]);
    const windows = makeSoundWindows(detector);
    const got: Float32Array[] = [];
    for (let at = 0, step = 1; at < sound.length; at += step, step = (step * 7) % 997) {
      got.push(...windows.add(sound.subarray(at, at + step)));
    }
    expect(got.length).toBe(Math.floor((sound.length - windows.firstEnd) / detector.hopSamples) + 1);
    const mel = makeLogMel(detector.windowSamples, MEL);
    for (const [i, window] of got.entries()) {
      const end = windows.firstEnd + i * detector.hopSamples;
      const expected = mel.spectrogram(sound.subarray(end - detector.windowSamples, end));
      expect(window.length).toBe(expected.length);
      for (const [k, value] of expected.entries()) expect(window[k]).toBeCloseTo(value, 5);
    }
  });

  test('of samples are the samples', () => {
    const { student } = ears();
    const sound = bursts(1, [[0.3, 0.5]]);
    const windows = makeSoundWindows(readDetector(student, { hopSeconds: 0.07 }));
    const got = [...windows.add(sound.subarray(0, 5001)), ...windows.add(sound.subarray(5001))];
    expect(got.length).toBe(Math.floor((16_000 - windows.firstEnd) / 1120) + 1);
    for (const [i, window] of got.entries()) {
      const end = windows.firstEnd + i * 1120;
      expect(window).toEqual(sound.slice(end - 3200, end));
    }
  });
});

describe('the trigger', () => {
  const fire = (options: Partial<Parameters<typeof makeTrigger>[0]>, ...probabilities: number[]) => {
    const trigger = makeTrigger({ threshold: 0.5, smoothing: 1, refractoryWindows: 0, ...options });
    return probabilities.map((one) => trigger(one));
  };

  test('needs the mean of the last windows, and counts silence before the first', () => {
    const heard = fire({ smoothing: 2 }, 0.9, 0.2, 0.9, 0.9);
    expect(heard.map(({ score }) => score)).toEqual([0.45, 0.55, 0.55, 0.9].map((x) => expect.closeTo(x, 9)));
    expect(heard.map(({ isHeard }) => isHeard)).toEqual([false, true, true, true]);
  });

  test('is deaf after a word for as many windows as it is told', () => {
    const heard = fire({ refractoryWindows: 2 }, 1, 1, 1, 1, 0, 1);
    expect(heard.map(({ isHeard }) => isHeard)).toEqual([true, false, false, true, false, false]);
  });
});

describe('detect', () => {
  test('hears each word once, at its time', async () => {
    const sound = bursts(6, [
      [1, 1.4],
      [3, 3.4],
    ]);
    const { student, asked } = ears();
    const { heard, scores, firstSeconds, hopSeconds } = await detect(student, sound, {
      hopSeconds: 0.05,
      smoothing: 2,
    });
    expect(heard.length).toBe(2);
    // A window of 0.2 s has to be loud for the most part, and the one after it.
    for (const [i, begins] of [1, 3].entries()) {
      expect(heard[i]?.seconds).toBeGreaterThan(begins);
      expect(heard[i]?.seconds).toBeLessThan(begins + 0.3);
      expect(heard[i]?.score).toBeGreaterThanOrEqual(0.5);
    }
    expect(firstSeconds).toBeCloseTo(0.2, 6);
    expect(scores.length).toBe(1 + Math.floor((6 - firstSeconds) / hopSeconds + 1e-6));
    expect(Math.max(...asked)).toBe(64);
  });

  test('hears the same in a recording at another rate', async () => {
    const at = [[0.5, 1]] as const;
    const options: DetectOptions = { hopSeconds: 0.05 };
    const own = await detect(ears().student, bursts(2, at), options);
    const other = await detect(ears().student, { samples: bursts(2, at, 44_100), sampleRate: 44_100 }, options);
    const seconds = ({ heard }: Detections) => heard.map((one) => one.seconds);
    expect(seconds(other)).toEqual(seconds(own));
    expect(own.heard.length).toBe(1);
  });

  test('takes a threshold, a class, and an output of one number', async () => {
    const sound = bursts(2, [[0.5, 1]]);
    expect((await detect(ears().student, sound, { threshold: 1 })).heard).toEqual([]);
    // Class 0 is the rest, which is heard from the first window on.
    expect((await detect(ears().student, sound, { label: 0, smoothing: 1 })).heard[0]?.seconds).toBeCloseTo(0.2, 6);
    const { student } = ears();
    const one = {
      ...student,
      predict: async (inputs: unknown) => {
        const { outputs } = await student.predict(inputs as never);
        const both = outputs['logits']?.data ?? new Float32Array();
        const data = Float32Array.from({ length: both.length / 2 }, (_, i) => both[2 * i + 1] as number);
        return { outputs: { logits: { data, shape: [data.length, 1] } } };
      },
    };
    expect(await detect(one, sound)).toEqual(await detect(ears().student, sound));
  });

  const sound = bursts(1, []);
  const mel = () => hearingStudent([10, 8, 1], () => 0).student;
  test.each([
    ['no samples', 'audio-unreadable', () => detect(ears().student, new Float32Array())],
    ['a rate that cannot be', 'invalid-option', () => detect(ears().student, { samples: sound, sampleRate: 16 })],
    ['a threshold above 1', 'invalid-option', () => detect(ears().student, sound, { threshold: 2 })],
    ['spectrograms without "logMel"', 'shape-mismatch', () => detect(mel(), sound)],
    ['other bands', 'shape-mismatch', () => detect(mel(), sound, { logMel: { ...MEL, bands: 9 } })],
    ['another layout', 'shape-mismatch', () => detect(mel(), sound, { logMel: MEL, layout: 'btf' })],
    ['mirrored edges', 'invalid-option', () => detect(mel(), sound, { logMel: { ...MEL, edges: 'reflect' } })],
    [
      'a range of the whole window',
      'invalid-option',
      () => detect(mel(), sound, { logMel: { ...MEL, dynamicRange: 8 } }),
    ],
    ['a hop between frames', 'invalid-option', () => detect(mel(), sound, { logMel: MEL, hopSeconds: 0.015 })],
    ['a class that there is not', 'class-mismatch', () => detect(ears().student, sound, { label: 2 })],
    ['an output that there is not', 'unknown-output', () => detect(ears().student, sound, { output: 'words' })],
  ])('refuses %s', async (_, code, run) => {
    await expect(run()).rejects.toMatchObject({ code });
  });

  test('stops when its signal aborts', async () => {
    await expect(detect(ears().student, sound, {}, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });
});
