import { table } from './markdown.mjs';

const NAMES = { kernels: 'limbeck’s kernels', wasm: 'onnxruntime-web' };
const STEPS = {
  full: 'all weights learn',
  'full, recomputed': 'all weights learn, `recompute`',
  'last block': 'the last block learns',
  'lora, last block': '`lora` on the last block',
  'lora, all layers': '`lora` on every layer',
  'lora, all layers, recomputed': '`lora` on every layer, `recompute`',
};

/** The peaks that `scripts/peakMemory.mjs` found: of a large picture's answer, and of training steps. */
export function memoryTable({ now }) {
  const mb = (value) => `${Math.round(value)} MB`;
  const teachers = Object.entries(NAMES).flatMap(([device, name]) => {
    const found = now[`teacher:${device}`];
    if (found === undefined) return [];
    const { size, mbAfterRuns } = found;
    return [[`segmentation of ${size} × ${size} pixels, ${name}`, mb(Math.max(...mbAfterRuns))]];
  });
  const steps = Object.entries(STEPS).map(([name, words]) => {
    const found = now[`step:${name}`];
    return [`a step of \`mobilenetV1\`, ${words}`, `${found.mb.toFixed(1)} MB`];
  });
  return table(['what', 'peak'], [...teachers, ...steps]);
}
