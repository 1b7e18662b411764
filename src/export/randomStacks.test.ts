import { afterEach, beforeAll, expect, test } from 'vitest';
import type { LimbeckError } from '../core/errors.ts';
import * as tf from '../runtime/tf.ts';
import { artifactsOf } from '../student/layersModel.ts';
import { artifactsToOnnx } from './artifactsToOnnx.ts';
import { ortOutputs } from './exportCases.ts';
import { difference, predicted, seededInputs } from './exportedCases.ts';
import { randomStack, STACK_KINDS, type StackKind } from './randomStackCases.ts';

/** 500 together; LIMBECK_STACKS asks for more, LIMBECK_STACK_SEED for others. */
const STACKS = Number(process.env['LIMBECK_STACKS'] ?? 500);
const FIRST_SEED = Number(process.env['LIMBECK_STACK_SEED'] ?? 1);
const OPSETS = [13, 17, 21] as const;

beforeAll(() => tf.setBackend('cpu').then(() => undefined));
afterEach(() => tf.disposeVariables());

const rounds = STACK_KINDS.flatMap((kind) =>
  Array.from({ length: 5 }, (_, round): [StackKind, number] => [kind, round]),
);

test.each(rounds)(
  'random stacks equal tfjs: %s, round %i',
  async (kind, round) => {
    const count = Math.ceil(STACKS / rounds.length);
    const failures: string[] = [];
    let [layers, refused] = [0, 0];
    for (let i = 0; i < count; i += 1) {
      const seed = FIRST_SEED + round * count + i;
      const stack = randomStack(tf, kind, seed);
      layers += stack.steps.length;
      const opset = OPSETS[seed % OPSETS.length] as number;
      const why = await faultOf(stack, opset).catch((error: unknown) => String(error));
      if (why === 'refused') refused += 1;
      else if (why !== undefined)
        failures.push(
          `${kind} ${seed} at opset ${opset}, ${JSON.stringify(stack.inputs)}: ${why}\n  ${stack.steps.join('\n  ')}`,
        );
      stack.model.dispose();
    }
    expect(failures.join('\n\n')).toBe('');
    expect(layers / count).toBeGreaterThan(4);
    expect(refused).toBeLessThanOrEqual(count / 5);
  },
  600_000,
);

/** What is wrong with the export of a stack; 'refused' if tfjs cannot run it, or the exporter refuses it. */
async function faultOf({ model, inputs }: ReturnType<typeof randomStack>, opset: number): Promise<string | undefined> {
  const given = seededInputs(inputs, 2);
  const wanted = await predicted(tf, model, given).catch(() => undefined);
  if (wanted === undefined) return 'refused';
  let bytes: Uint8Array;
  try {
    bytes = artifactsToOnnx(await artifactsOf(model), { opset, foldBatchNorm: opset === 17 });
  } catch (error) {
    if ((error as Partial<LimbeckError>).code === 'unsupported-layer') return 'refused';
    throw error;
  }
  const outputs = await ortOutputs(bytes, given);
  for (const [i, one] of wanted.entries()) {
    const far = difference(outputs[i], one);
    if (!(far < 1e-4))
      return `${far} away; tfjs gives [${one.shape}] ${[...one.data.slice(0, 4)]}, ONNX [${outputs[i]?.shape}] ${[...(outputs[i]?.data.slice(0, 4) ?? [])]}`;
  }
  return undefined;
}
