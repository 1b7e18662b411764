import { describe, expect, test } from 'vitest';
import type { NdArray } from '../../core/shape.ts';
import sounds from '../../core/sound/golden/logMel.json' with { type: 'json' };
import images from '../golden/images.json' with { type: 'json' };
import type { AudioInput } from './audioOptions.ts';
import type { ImageInput } from './imageOptions.ts';
import { inputPresets } from './inputPresets.ts';
import { checkModelInput, type ModelInput, toModelInput } from './modelInput.ts';

const { paddleOcrRecognition, torchvision, clip, mobilenet, whisper, yamnet } = inputPresets;

test.each(Object.entries(inputPresets))(
  '%s is well-formed, and plain values that survive the way to a worker',
  (_, preset) => {
    checkModelInput(preset);
    expect(structuredClone(preset)).toEqual(preset);
  },
);

describe('a preset does what the family’s own code does', () => {
  // The figures of the preset, at sizes that a golden file can hold.
  const inputs: Record<string, ImageInput> = {
    torchvision: { ...torchvision, size: [14, 14], shortSide: 16 },
    clip: { ...clip, size: [12, 12] },
    paddleRecognition: { ...paddleOcrRecognition, size: [12, 40] },
    letterbox: { size: [20, 20], fit: 'contain', fill: 114 / 255 },
    caffe: { size: [9, 8], order: 'bgr', range: 255, mean: [103.939, 116.779, 123.68], layout: 'nhwc' },
  };
  test.each(images.pipelines)('$name from $from', ({ name, from, image, shape, values }) => {
    const [height = 0, width = 0] = from;
    const given: NdArray = { data: Uint8Array.from(image), shape: [1, height, width, 3] };
    const result = toModelInput(given, inputs[name] as ImageInput);
    expect(result.shape).toEqual([1, ...shape]);
    const scale = Math.max(1, ...values.map(Math.abs));
    for (const [i, value] of values.entries()) {
      expect(Math.abs((result.data[i] as number) - value) / scale).toBeLessThan(2e-5);
    }
  });

  test.each([
    ['whisper', 'bft'],
    ['yamnet', 'btf'],
  ] as const)('%s', (name, layout) => {
    const golden = sounds.cases.find((one) => one.name === name) as (typeof sounds.cases)[number];
    const [bands = 0, frames = 0] = golden.shape;
    const preset: AudioInput = { ...inputPresets[name], samples: golden.samples.length };
    const given: NdArray = {
      data: Float32Array.from(golden.samples, (k) => k / 32768),
      shape: [1, golden.samples.length],
    };
    const result = toModelInput(given, preset);
    expect(result.shape).toEqual(layout === 'bft' ? [1, bands, frames] : [1, frames, bands]);
    for (const [i, value] of golden.values.entries()) {
      const at = layout === 'bft' ? i : (i % frames) * bands + Math.floor(i / frames);
      expect(Math.abs((result.data[at] as number) - value)).toBeLessThan(1e-4);
    }
  });

  test('at their own sizes the shapes are the models’', () => {
    const image: NdArray = { data: new Uint8Array(60 * 100 * 3).fill(255), shape: [1, 60, 100, 3] };
    const shapeOf = (input: ModelInput, array: NdArray = image) => toModelInput(array, input).shape;
    expect(shapeOf(paddleOcrRecognition)).toEqual([1, 3, 48, 320]);
    expect(shapeOf(inputPresets.paddleOcrDirection)).toEqual([1, 3, 48, 192]);
    expect(shapeOf(torchvision)).toEqual([1, 3, 224, 224]);
    expect(shapeOf(clip)).toEqual([1, 3, 224, 224]);
    expect(shapeOf(mobilenet)).toEqual([1, 224, 224, 3]);
    const sound: NdArray = { data: new Float32Array(2000).fill(0.1), shape: [1, 2000] };
    expect(shapeOf(whisper, sound)).toEqual([1, 80, 3000]);
    expect(shapeOf(yamnet, sound)).toEqual([1, 96, 64]);
    expect(toModelInput(sound, inputPresets.openWakeWord).data[0]).toBeCloseTo(3276.8, 2);
  });

  test('white is 1 where a family reads [-1, 1], and what is filled is 0 for PaddleOCR', () => {
    const white: NdArray = { data: new Uint8Array(48 * 48 * 3).fill(255), shape: [1, 48, 48, 3] };
    const { data } = toModelInput(white, paddleOcrRecognition);
    expect([...data.subarray(0, 320)]).toEqual([...new Array(48).fill(1), ...new Array(272).fill(0)]);
  });
});
