import { expect, test } from 'vitest';
import { packRecord, readRecord } from './record.ts';

const read = async (head: object) => readRecord(await packRecord('version', head), 'version', 'It');

test('a head keeps what was written, but for keys that would change what all objects are', async () => {
  const head = JSON.parse('{"a":[1,{"__proto__":{"b":2},"c":3}]}') as object;
  expect((await read(head)).head).toEqual({ kind: 'version', bytes: [], a: [1, { c: 3 }] });
});

test('a head nested 1000 deep is refused', async () => {
  let deep: unknown = 1;
  for (let i = 0; i < 1000; i++) deep = [deep];
  await expect(read({ deep })).rejects.toMatchObject({ code: 'profile-invalid' });
});
