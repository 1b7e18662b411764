import { expect, expectTypeOf, test } from 'vitest';
import {
  count,
  flag,
  fraction,
  given,
  nested,
  notNegative,
  type OptionsOf,
  oneOf,
  positive,
  required,
  schema,
  text,
} from './schema.ts';

const STEPS = schema('steps', {
  /** Default 6. */
  epochs: count()(6),
});
const OPTIONS = schema('distil', {
  ...STEPS.fields,
  temperature: positive(4),
  alpha: notNegative(),
  share: fraction(0.5),
  form: oneOf('code', 'paper')('code'),
  isLoud: flag(false),
  name: required(text()),
  signal: given<AbortSignal>(),
  inner: nested(STEPS),
});

const refuse = (options: object) => () => OPTIONS.read(options as OptionsOf<typeof OPTIONS>);

test('defaults stand in for what is left out, and nothing for what has none', () => {
  expect(OPTIONS.read({ name: 'a' })).toEqual({
    epochs: 6,
    temperature: 4,
    alpha: undefined,
    share: 0.5,
    form: 'code',
    isLoud: false,
    name: 'a',
    signal: undefined,
    inner: undefined,
  });
  expect(OPTIONS.read({ name: 'a', epochs: 2, alpha: 0, isLoud: true, inner: {} })).toMatchObject({
    epochs: 2,
    alpha: 0,
    isLoud: true,
    inner: { epochs: 6 },
  });
});

test('what is given is checked, and the error says what was given and what is needed', () => {
  const refused = [
    [{ name: 'a', epochs: 0 }, '"epochs" was 0; it must be a whole number of at least 1.'],
    [{ name: 'a', temperature: 0 }, '"temperature" was 0; it must be a number above 0.'],
    [{ name: 'a', temperature: null }, '"temperature" was null; it must be a number above 0.'],
    [{ name: 'a', alpha: -1 }, '"alpha" was -1; it must be a number of 0 or more.'],
    [{ name: 'a', share: '0.5' }, '"share" was 0.5; it must be a fraction from 0 to 1.'],
    [{ name: 'a', form: 'other' }, '"form" was other; it must be one of code, paper.'],
    [{ name: 'a', isLoud: 1 }, '"isLoud" was 1; it must be true or false.'],
    [{ name: 5 }, '"name" was 5; it must be a text.'],
    [{}, '"name" was undefined; it must be a text.'],
    [{ name: 'a', inner: { epochs: 0 } }, '"epochs" was 0; it must be a whole number of at least 1.'],
    [{ name: 'a', inner: { epoch: 1 } }, 'steps has no option "epoch". It takes: epochs.'],
    [{ name: 'a', temprature: 2 }, 'distil has no option "temprature". It takes: epochs, temperature, alpha'],
  ] as const;
  for (const [options, message] of refused) expect(refuse(options)).toThrow(message);
  expect(refuse(null as unknown as object)).toThrow('distil takes an object of options; it was given null.');
  expect(refuse({ epochs: 0 })).toThrow(expect.objectContaining({ code: 'invalid-option' }));
});

test('the types say what may be left out, and what the code gets', () => {
  expectTypeOf<OptionsOf<typeof OPTIONS>>().toEqualTypeOf<{
    readonly epochs?: number | undefined;
    readonly temperature?: number | undefined;
    readonly alpha?: number | undefined;
    readonly share?: number | undefined;
    readonly form?: 'code' | 'paper' | undefined;
    readonly isLoud?: boolean | undefined;
    readonly signal?: AbortSignal | undefined;
    readonly inner?: { readonly epochs?: number | undefined } | undefined;
    readonly name: string;
  }>;
  const read = OPTIONS.read({ name: 'a' });
  expectTypeOf(read.epochs).toEqualTypeOf<number>();
  expectTypeOf(read.alpha).toEqualTypeOf<number | undefined>();
  expectTypeOf(read.form).toEqualTypeOf<'code' | 'paper'>();
});
