import { describe, test } from 'vitest';
import { transportContract } from '../cases/transportContract.ts';
import { loopback } from './loopback.ts';

describe('loopback keeps the contract of a transport', () => {
  for (const { name, run } of transportContract) {
    test(name, async () => {
      const federation = loopback();
      await run(async () => federation.open());
    });
  }
});
