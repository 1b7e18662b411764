import { describe, expect, test } from 'vitest';
import { type EnsembleOptions, ensemble } from './ensemble.ts';
import { description, fixed, logits } from './ensembleCases.ts';
import type { Teacher, TeacherDescription } from './teacher.ts';

describe('its description', () => {
  const members = [
    fixed({}, {}, { notices: ['One thread.'] }),
    fixed({}, {}, { name: 'b', bytes: 5, threads: 1, batchSize: 8, identity: 'id-b', device: 'webgpu' }),
  ];

  test('is put together from its members', () => {
    expect(ensemble(members).description).toMatchObject({
      name: 'ensemble of a, b',
      bytes: 15,
      device: 'several',
      threads: 3,
      batchSize: 8,
      inputs: { x: [null, 1] },
      outputs: { logits: [null, 2] },
      notices: ['a: One thread.'],
      why: '2 teachers, asked at the same time: a on wasm, b on webgpu.',
    });
    expect(ensemble(members, { name: 'both' }).description.name).toBe('both');
    expect(Object.keys(ensemble(members, { mean: 'losses' }).description.outputs)).toEqual(['logits@0', 'logits@1']);
  });

  test('counts 32 for a member that says no batch size', () => {
    const free = fixed({}, {}, { batchSize: undefined });
    expect(ensemble([free, fixed({}, {}, { batchSize: 64 })]).description.batchSize).toBe(32);
  });

  test('follows its members', () => {
    let device: TeacherDescription['device'] = 'webgpu';
    const moving = fixed({});
    Object.defineProperty(moving, 'description', { get: () => ({ ...description, device }) });
    const one = ensemble([moving]);
    device = 'wasm';
    expect(one.description.why).toContain('a on wasm');
  });

  test('has an identity that tells apart what answers differently', () => {
    const [a, b] = members as [Teacher, Teacher];
    const identities = [
      ensemble([a, b]),
      ensemble([b, a]),
      ensemble([a]),
      ensemble([a, b], { mean: 'probs' }),
      ensemble([a, b], { mean: 'losses' }),
      ensemble([a, b], { given: 'probs' }),
      ensemble([a, b], { weights: [2, 1] }),
      ensemble([a, b], { outputs: ['logits'] }),
    ].map((one) => one.description.identity);
    expect(identities).not.toContain(undefined);
    expect(new Set(identities).size).toBe(identities.length);
    expect(ensemble([a, b], { weights: [2, 2], name: 'x' }).description.identity).toBe(identities[0]);
  });

  test('has none where a member has none', () => {
    const unknown = fixed({}, {}, { identity: undefined });
    expect(ensemble([...members, unknown]).description).not.toHaveProperty('identity');
  });
});

describe('options', () => {
  const two = [logits([1], 1, 1), logits([1], 1, 1)];
  test.each([
    { name: 'no teacher', make: () => ensemble([]) },
    { name: 'one that is no list', make: () => ensemble(two[0] as unknown as Teacher[]) },
    { name: 'a run in place of a teacher', make: () => ensemble([{ done: two[0] } as unknown as Teacher]) },
    { name: 'a misspelt option', make: () => ensemble(two, { weight: [1, 1] } as EnsembleOptions) },
    { name: 'another mean', make: () => ensemble(two, { mean: 'votes' as 'probs' }) },
    { name: 'other outputs', make: () => ensemble(two, { given: 'logProbs' as 'probs' }) },
    { name: 'too few weights', make: () => ensemble(two, { weights: [1] }) },
    { name: 'a negative weight', make: () => ensemble(two, { weights: [2, -1] }) },
    { name: 'a weight that is no number', make: () => ensemble(two, { weights: [1, Number.NaN] }) },
    { name: 'weights of nothing', make: () => ensemble(two, { weights: [0, 0] }) },
    { name: 'weights beyond all numbers', make: () => ensemble(two, { weights: [1.7e308, 1.7e308] }) },
    { name: 'weights beside losses', make: () => ensemble(two, { mean: 'losses', weights: [1, 1] }) },
    { name: 'no output', make: () => ensemble(two, { outputs: [] }) },
  ])('refuses $name', ({ make }) => {
    expect(make).toThrow(expect.objectContaining({ name: 'LimbeckError', code: 'invalid-option' }));
  });
});
