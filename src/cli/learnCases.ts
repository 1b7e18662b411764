// A teacher and pictures that teach something, for tests of the command.
import { encode } from 'fast-png';
import { seededRandom } from '../core/random.ts';
import { floats, modelOf, node, value } from '../onnx/cases/tinyCases.ts';
import { writeModel } from '../onnx/model.ts';
import type { Files } from './commandCases.ts';

const SIDE = 10;
export const CLASSES = ['bottom', 'left', 'top'] as const;

/** Pictures of which one side is bright, in folders named after it. */
export function brightSides(folder: string, count: number, names: readonly string[] = CLASSES): Files {
  const random = seededRandom(7);
  const files: Files = {};
  for (let i = 0; i < count; i++) {
    const label = i % names.length;
    const data = Uint8Array.from({ length: SIDE * SIDE }, (_, at) => 80 * random() + 150 * isBright(label, at));
    const png = encode({ width: SIDE, height: SIDE, channels: 1, depth: 8, data });
    files[`${folder}/${names[label]}/${String(i).padStart(3, '0')}.png`] = png;
  }
  return files;
}

function isBright(label: number, at: number): number {
  const [row, column] = [Math.floor(at / SIDE), at % SIDE];
  return Number([row >= SIDE / 2, column < SIDE / 2, row < SIDE / 2][label]);
}

/** x [B, 1, 10, 10] → logits [B, 3]: how bright each side is, compared with the rest. */
export function sidesTeacher(): Uint8Array {
  const weights = Array.from({ length: SIDE * SIDE * CLASSES.length }, (_, i) => {
    const [at, label] = [Math.floor(i / CLASSES.length), i % CLASSES.length];
    return isBright(label, at) / 5 - 0.1;
  });
  return writeModel(
    modelOf({
      input: [value('x', ['B', 1, SIDE, SIDE])],
      output: [value('logits', ['B', CLASSES.length])],
      initializer: [floats('w', [SIDE * SIDE, CLASSES.length], weights)],
      node: [node('Flatten', ['x'], ['flat']), node('MatMul', ['flat', 'w'], ['logits'])],
    }),
  );
}
