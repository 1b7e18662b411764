import { describe, expect, test } from 'vitest';
import type { NdArray } from '../../core/shape.ts';
import { checkModelInput, type ModelInput, toModelInput } from './modelInput.ts';

const sounds: NdArray = { data: Float32Array.of(0.5, -0.5, 0.25, 0, 1, 0.125), shape: [2, 3] };

describe('by kind', () => {
  test('images where there is none', () => {
    const image: NdArray = { data: Uint8Array.of(255), shape: [1, 1, 1, 1] };
    expect(toModelInput(image, { channels: 1 }).shape).toEqual([1, 1, 1, 1]);
    expect(toModelInput(image, { kind: 'image' }).shape).toEqual([1, 3, 1, 1]);
  });

  test.each([
    { name: 'as they are', options: {}, shape: [2, 3], values: [0.5, -0.5, 0.25, 0, 1, 0.125] },
    { name: 'cut at the end', options: { samples: 2 }, shape: [2, 2], values: [0.5, -0.5, 0, 1] },
    { name: 'zeros after', options: { samples: 4 }, shape: [2, 4], values: [0.5, -0.5, 0.25, 0, 0, 1, 0.125, 0] },
    {
      name: 'with a dimension of one',
      options: { layout: 'b1t', range: 32768 },
      shape: [2, 1, 3],
      values: [16384, -16384, 8192, 0, 32768, 4096],
    },
  ] as const)('sounds $name', ({ options, shape, values }) => {
    const result = toModelInput(sounds, { kind: 'audio', ...options });
    expect(result.shape).toEqual(shape);
    expect([...result.data]).toEqual(values);
  });

  test('sounds are brought to mean 0 and deviation 1 each by itself, and silence stays silence', () => {
    const given: NdArray = { data: Float32Array.of(1, 3, 0, 0, 30, 10), shape: [3, 2] };
    const { data } = toModelInput(given, { kind: 'audio', standardised: 'yes', samples: 3 });
    const expected = [-1, 1, 0, 0, 0, 0, 1, -1, 0];
    for (const [i, value] of expected.entries()) expect(data[i]).toBeCloseTo(value, 6);
  });

  test.each([
    ['bft', [2, 3, 4]],
    ['btf', [2, 4, 3]],
    ['b1ft', [2, 1, 3, 4]],
    ['b1tf', [2, 1, 4, 3]],
    ['btf1', [2, 4, 3, 1]],
  ] as const)('spectrograms in the layout %s', (layout, shape) => {
    const noise: NdArray = { data: Float32Array.from({ length: 100 }, (_, i) => Math.sin(i * i)), shape: [2, 50] };
    const logMel = { fftSize: 20, hopSamples: 10, edges: 'none', bands: 3 } as const;
    const result = toModelInput(noise, { kind: 'audio', layout, logMel });
    expect(result.shape).toEqual(shape);
    const second = toModelInput(
      { data: noise.data.slice(50), shape: [1, 50] },
      { kind: 'audio', layout: 'btf', logMel },
    );
    for (let t = 0; t < 4; t++) {
      for (let f = 0; f < 3; f++) {
        const at = layout.includes('ft') ? f * 4 + t : t * 3 + f;
        expect(result.data[12 + at]).toBe(second.data[t * 3 + f]);
      }
    }
  });
});

describe('what it refuses', () => {
  test.each([[[6]], [[2, 1, 3]]])('sounds of %j', (shape) => {
    expect(() => toModelInput({ data: sounds.data, shape }, { kind: 'audio' })).toThrow(
      expect.objectContaining({ code: 'shape-mismatch' }),
    );
  });

  const mel = (logMel: object) => ({ kind: 'audio', logMel });
  test.each([
    { options: { kind: 'video' }, sentence: '"kind" was video; it must be one of image, audio' },
    { options: { kind: 'audio', size: [1, 1] }, sentence: 'input has no option "size"' },
    { options: { kind: 'audio', samples: 0.5 }, sentence: '"samples" was 0.5' },
    { options: { kind: 'audio', range: 2 }, sentence: '"range" was 2; it must be one of 1, 32768' },
    { options: { kind: 'audio', layout: 'bft' }, sentence: '"layout" was bft; it must be one of bt, b1t' },
    { options: { kind: 'audio', layout: 'bt', logMel: {} }, sentence: '"layout" was bt; it must be one of bft' },
    { options: { kind: 'audio', standardised: true }, sentence: '"standardised" was true' },
    { options: mel({ hop: 160 }), sentence: 'logMel has no option "hop"' },
    { options: mel({ fftSize: 1 }), sentence: '"fftSize" was 1' },
    { options: mel({ windowSamples: 401 }), sentence: '"windowSamples" (401) is more than "fftSize" (400)' },
    { options: mel({ hopSamples: 0 }), sentence: '"hopSamples" was 0' },
    { options: mel({ bands: -1 }), sentence: '"bands" was -1' },
    { options: mel({ highHz: 8001 }), sentence: 'from 0 to 8001 Hz' },
    { options: mel({ lowHz: 4000, highHz: 4000 }), sentence: 'from 4000 to 4000 Hz' },
    { options: mel({ edges: 'repeat' }), sentence: '"edges" was repeat' },
    { options: mel({ floor: 0 }), sentence: '"floor" was 0; it must be a number above 0' },
    { options: mel({ dynamicRange: 0 }), sentence: '"dynamicRange" was 0' },
    { options: mel({ stdDev: 0 }), sentence: '"stdDev" was 0' },
  ])('the options $options', ({ options, sentence }) => {
    expect(() => checkModelInput(options as unknown as ModelInput)).toThrow(
      expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining(sentence) }),
    );
  });

  test('nothing else', () => {
    checkModelInput({ kind: 'audio', samples: 512, range: 32768, standardised: 'no', layout: 'b1t' });
    checkModelInput({ kind: 'audio', logMel: { offset: 0.001, floor: 0 } });
    checkModelInput({ kind: 'image', size: [48, 320], fit: 'height', fill: [0, 0.5, 1], mean: [0, 0, 0] });
  });
});
