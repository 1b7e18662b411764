import { LimbeckError } from '../../core/errors.ts';
import { checkCount, checkPositive } from '../../core/options.ts';
import type { PersonalizeOnnxOptions } from './personalizeOnnxOptions.ts';

type Option = keyof PersonalizeOnnxOptions;

const OF_LORA: readonly Option[] = ['rank', 'alpha', 'targets'];
const OF_HEADS: readonly Option[] = [
  ...([
    'tap',
    'pooling',
    'channels',
    'read',
    'copies',
    'probabilities',
    'keepOutputs',
    'keepsClasses',
    'keep',
  ] as const),
];

/** Throws    invalid-option: what the method does not read, or reads in another form */
export function checkForMethod(options: PersonalizeOnnxOptions): void {
  const { method = 'head', rank, alpha, targets } = options;
  const unread = (method === 'lora' ? OF_HEADS : OF_LORA).find((name) => options[name] !== undefined);
  if (unread !== undefined) {
    const whose = method === 'lora' ? '"head" and "prototypes" read it' : '"lora" reads it';
    throw new LimbeckError(
      'invalid-option',
      `The method "${method}" does not read "${unread}"; ${whose}. Leave it out.`,
      {
        details: { option: unread, method },
      },
    );
  }
  checkClasses(options);
  if (rank !== undefined) checkCount(rank, 'rank');
  if (alpha !== undefined) checkPositive(alpha, 'alpha');
  const isNames = targets === undefined || (Array.isArray(targets) && targets.every((one) => typeof one === 'string'));
  if (isNames && targets?.length !== 0) return;
  throw new LimbeckError(
    'invalid-option',
    `"targets" was ${targets?.length === 0 ? 'empty' : String(targets)}; it must be names of weights or nodes, as ` +
      'listOnnxWeights gives them.',
  );
}

/** A head that adds to what the model says is solved for. */
function checkClasses({ method = 'head', keepsClasses, keep, learning }: PersonalizeOnnxOptions): void {
  if (keepsClasses !== undefined && typeof keepsClasses !== 'boolean') {
    throw new LimbeckError('invalid-option', `"keepsClasses" was ${String(keepsClasses)}; it must be true or false.`);
  }
  const wanted = keepsClasses === true ? '"keepsClasses"' : keep !== undefined ? '"keep"' : undefined;
  if (wanted === undefined || method === 'lora') return;
  const other = method === 'prototypes' ? 'the method "prototypes"' : learning ? '"learning"' : undefined;
  const isDenied = keepsClasses === false;
  if (other === undefined && !isDenied) return;
  throw new LimbeckError(
    'invalid-option',
    `${wanted} is for a head that adds to what the model says, and ${other ?? '"keepsClasses: false"'} asks for one that stands ` +
      'alone. Leave one out.',
  );
}
