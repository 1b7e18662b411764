import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { checkIntegrity, parseIntegrity, readIntegrity } from './integrity.ts';

afterEach(() => vi.unstubAllGlobals());

const bytes = new TextEncoder().encode("alert('Hello, world.');");
// The example of the specification (§3.5), and the same by another program.
const sha384 = 'sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO';
const hashOf = (algorithm: string, data: Uint8Array = bytes) =>
  `${algorithm}-${createHash(algorithm).update(data).digest('base64')}`;
const other = Uint8Array.of(1);

describe('parseIntegrity', () => {
  test('keeps the strongest algorithm only', () => {
    const read = parseIntegrity(`  ${hashOf('sha256')} ${hashOf('sha384')}\n${hashOf('sha384', other)}\t`);
    expect(read.algorithm).toBe('SHA-384');
    expect(read.hashes).toHaveLength(2);
  });

  test('ignores options, and reads the other alphabet of base64', () => {
    const standard = hashOf('sha512', Uint8Array.of(3));
    const urlSafe = standard.slice(7).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
    expect(parseIntegrity(`sha512-${urlSafe}?ct=application/onnx`)).toEqual(parseIntegrity(standard));
  });

  test.each([
    ['nothing', ''],
    ['an unknown algorithm', 'md5-kAFQmDzST7DWlj99KOF/cg=='],
    ['a name of every object', 'constructor-AAAA'],
    ['no base64', 'sha256-***'],
    ['too short a hash', 'sha256-AAAA'],
    ['the hash of another algorithm', hashOf('sha256').replace('sha256', 'sha384')],
    ['a good one beside a bad one', `${hashOf('sha256')} sha256-x`],
    ['no text', 5 as unknown as string],
  ])('refuses %s', (_, text) => {
    expect(() => parseIntegrity(text)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });
});

describe('readIntegrity', () => {
  const refusal = (details: object) =>
    expect.objectContaining({ code: 'invalid-option', details: expect.objectContaining(details) });
  const w = hashOf('sha256', other);

  test('of a text is for one file, whatever it is called', () => {
    const checks = readIntegrity(sha384);
    expect(checks?.main('a.onnx')).toEqual(parseIntegrity(sha384));
    expect(checks?.beside([], 'a.onnx').size).toBe(0);
    expect(() => checks?.beside(['w.bin', 'v.bin'], 'a.onnx')).toThrow(refusal({ missing: ['w.bin', 'v.bin'] }));
    expect(readIntegrity(undefined)).toBeUndefined();
  });

  test('of a record is for all files, with their paths made plain', () => {
    const checks = readIntegrity({ 'a.onnx': sha384, './w.bin': w });
    expect(checks?.main('a.onnx')).toEqual(parseIntegrity(sha384));
    expect(checks?.beside(['w.bin'], 'a.onnx').get('w.bin')).toEqual(parseIntegrity(w));
    expect(() => checks?.main('b.onnx')).toThrow(refusal({ missing: ['b.onnx'] }));
    expect(() => checks?.beside(['w.bin', 'v.bin'], 'a.onnx')).toThrow(refusal({ missing: ['v.bin'] }));
    expect(() => checks?.beside([], 'a.onnx')).toThrow(refusal({ path: 'w.bin' }));
    expect(() => readIntegrity({ constructor: sha384 })?.main('toString')).toThrow(refusal({ missing: ['toString'] }));
  });

  test('of a record may name a file by the last part of its path, where that is no other', () => {
    const [v, x] = ['v', 'x'].map((text) => hashOf('sha256', new TextEncoder().encode(text))) as [string, string];
    const of = (record: object) => readIntegrity({ 'a.onnx': sha384, ...record } as Record<string, string>);
    const paths = ['sub/w.bin', 'sub/v.bin'];
    for (const record of [
      { 'w.bin': w, 'v.bin': v },
      { 'sub/w.bin': w, 'v.bin': v },
    ]) {
      const hashes = of(record)?.beside(paths, 'a.onnx');
      expect(paths.map((path) => hashes?.get(path))).toEqual([parseIntegrity(w), parseIntegrity(v)]);
    }
    expect(() => of({ 'w.bin': w })?.beside(['a/w.bin', 'b/w.bin'], 'a.onnx')).toThrow(
      refusal({ missing: ['a/w.bin', 'b/w.bin'] }),
    );
    expect(() => of({})?.beside(['sub/a.onnx'], 'a.onnx')).toThrow(refusal({ missing: ['sub/a.onnx'] }));
    expect(() => of({ 'sub/w.bin': w, 'w.bin': x })?.beside(['sub/w.bin'], 'a.onnx')).toThrow(
      refusal({ path: 'w.bin' }),
    );
  });

  test('of a Request is what it asks for itself', () => {
    const request = new Request('http://a.example/a.onnx', { integrity: sha384 });
    expect(() => readIntegrity(undefined, request)?.beside(['w.bin'], 'a.onnx')).toThrow(
      refusal({ missing: ['w.bin'] }),
    );
    expect(readIntegrity(undefined, new Request('http://a.example/a.onnx'))).toBeUndefined();
  });

  test.each([[5], [null], [[]], [''], [{ 'a.onnx': 5 }], [{ 'a.onnx': 'md5-x' }]])('refuses %j', (given) => {
    expect(() => readIntegrity(given as never)).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });
});

describe.each(['with the platform', 'on an insecure page'])('checkIntegrity %s', (where) => {
  test.each([
    ['one hash', sha384],
    ['the strongest of several', `${hashOf('sha256', other)} ${hashOf('sha512')}`],
    ['any of the strongest', `${hashOf('sha512', other)} ${hashOf('sha512')}`],
  ])('accepts %s', async (_, text) => {
    if (where !== 'with the platform') vi.stubGlobal('crypto', {});
    await checkIntegrity(bytes, parseIntegrity(text), 'a.onnx');
  });

  test('refuses bytes that meet only a weaker one, and names both hashes', async () => {
    if (where !== 'with the platform') vi.stubGlobal('crypto', {});
    const text = `${hashOf('sha256')} ${hashOf('sha384', other)}`;
    const error = await checkIntegrity(bytes, parseIntegrity(text), 'a.onnx').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'integrity-mismatch',
      details: { name: 'a.onnx', actual: sha384, expected: [hashOf('sha384', other)] },
    });
    expect((error as Error).message).toContain(
      `has the hash ${sha384}; "integrity" asks for ${hashOf('sha384', other)}`,
    );
  });
});
