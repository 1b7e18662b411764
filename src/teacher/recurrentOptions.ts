import { LimbeckError } from '../core/errors.ts';
import { checkCount, checkFinite, checkKnownOptions, checkOneOf } from '../core/options.ts';

/** How a model with state is run along a sequence. Plain values: they cross to the teacher's worker. */
export interface RecurrentOptions {
  /** The model's input for the sequence. The data gives it as [B, S, ...]; S is any length. */
  readonly sequence: string;
  /** Steps of the sequence in one run of the model. */
  readonly frame: number;
  /** Steps of the previous frame that precede each frame, zeros before the first. Default 0. */
  readonly context?: number;
  /** From each state input to the output that becomes its value for the next frame. It starts as zeros. */
  readonly state: Readonly<Record<string, string>>;
  /** Shapes of state inputs that the model leaves open; null for the batch. */
  readonly stateShapes?: Readonly<Record<string, readonly (number | null)[]>>;
  /** Inputs that have the same value at every frame, such as a sample rate. */
  readonly constants?: Readonly<Record<string, number>>;
  /** An incomplete last frame is filled with zeros (default) or left out. */
  readonly remainder?: 'pad' | 'drop';
  /** Outputs to collect. Default: all that are no state. */
  readonly outputs?: readonly string[];
}

const OPTIONS = ['sequence', 'frame', 'context', 'state', 'stateShapes', 'constants', 'remainder', 'outputs'];

/** Throws    invalid-option */
export function checkRecurrent(options: RecurrentOptions): void {
  checkKnownOptions(options, OPTIONS, 'recurrent');
  const { sequence, frame, context = 0, state, stateShapes = {}, constants = {}, remainder = 'pad' } = options;
  if (typeof sequence !== 'string' || sequence === '') {
    throw new LimbeckError('invalid-option', '"recurrent.sequence" must name the input that is walked.');
  }
  checkCount(frame, 'recurrent.frame');
  checkCount(context, 'recurrent.context', 0);
  checkOneOf(remainder, 'recurrent.remainder', ['pad', 'drop']);
  if (typeof state !== 'object' || state === null || Object.keys(state).length === 0) {
    throw new LimbeckError(
      'invalid-option',
      '"recurrent.state" must tell for each state input the output that it becomes, such as { state: "stateN" }.',
    );
  }
  for (const [name, value] of Object.entries(constants)) checkFinite(value, `recurrent.constants.${name}`);
  for (const name of Object.keys(stateShapes)) {
    if (Object.hasOwn(state, name)) continue;
    throw new LimbeckError('invalid-option', `"recurrent.stateShapes" has "${name}", which "recurrent.state" lacks.`);
  }
}

/** Silero's voice-activity models at 16 kHz: 512 samples with 64 before them (v5), or 1,536 (legacy). */
export function sileroVad(version: 'v5' | 'legacy' = 'v5'): RecurrentOptions {
  checkOneOf(version, 'sileroVad', ['v5', 'legacy']);
  const shared = { sequence: 'input', constants: { sr: 16_000 }, outputs: ['output'] };
  if (version === 'legacy') return { ...shared, frame: 1536, state: { h: 'hn', c: 'cn' } };
  return { ...shared, frame: 512, context: 64, state: { state: 'stateN' } };
}
