import { LimbeckError } from '../core/errors.ts';
import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import { formatShape } from '../core/shape.ts';
import type { TokenModel } from '../core/text/generateTokens.ts';
import type { Teacher } from './teacher.ts';

/**
 * A teacher as something that writes. It keeps nothing between tokens, so each token asks about the whole text again, filled
 * up to the length that it takes; what stands behind a position does not reach a model that sees only the past. It is asked
 * once about one token, to see what it answers.
 * Throws    shape-mismatch: no logits [B, T, C] for tokens [B, T] · unknown-input · what the teacher throws
 */
export async function asTokenModel(teacher: Teacher, signal?: AbortSignal): Promise<TokenModel> {
  const inputs = Object.entries(teacher.description.inputs);
  const [[name, shape] = ['input', [null, null]]] = inputs as [string, readonly (number | null)[]][];
  if (inputs.length > 1 || shape.length !== 2) {
    throw new LimbeckError(
      'unknown-input',
      `"${teacher.description.name}" takes ${inputs.map(([each, of]) => `"${each}" ${formatShape(of)}`).join(', ')}; generate ` +
        'feeds a single input of tokens [B, T].',
      { details: { inputs: teacher.description.inputs } },
    );
  }
  const context = shape[1] ?? undefined;
  const ask = async (tokens: Int32Array, rows: number) => {
    const answers = await teacher.ask({ [name]: { data: tokens, shape: [rows, tokens.length / rows] } }, signal);
    const logits = answers[DEFAULT_OUTPUT] ?? Object.values(answers)[0];
    if (logits?.shape.length === 3 && logits.shape[1] === tokens.length / rows) return logits;
    const given = logits === undefined ? 'nothing' : formatShape(logits.shape);
    throw new LimbeckError(
      'shape-mismatch',
      `"${teacher.description.name}" answers ${formatShape([rows, tokens.length / rows])} tokens with ${given}; generate needs ` +
        'logits [B, T, C], a row for each token.',
      { details: { shape: logits?.shape } },
    );
  };
  const vocabulary = (await ask(new Int32Array(context ?? 1), 1)).shape[2] as number;
  let text: Int32Array[] = [];
  return {
    vocabulary,
    context,
    async feed(tokens, rows) {
      const count = tokens.length / rows;
      text = Array.from({ length: rows }, (_, row) =>
        Int32Array.from([...(text[row] ?? []), ...tokens.subarray(row * count, (row + 1) * count)]),
      );
      const seen = text[0]?.length ?? 0;
      const length = context ?? seen;
      const whole = new Int32Array(rows * length);
      for (const [row, own] of text.entries()) whole.set(own, row * length);
      const { data } = await ask(whole, rows);
      const last = new Float32Array(rows * vocabulary);
      for (let row = 0; row < rows; row++) {
        const from = (row * length + seen - 1) * vocabulary;
        last.set(data.subarray(from, from + vocabulary), row * vocabulary);
      }
      return last;
    },
  };
}
