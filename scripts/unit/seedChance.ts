import { seededRandom } from '../../src/core/random.ts';

/** What is started by chance is started the same each time, so that what fails fails again. */
export function seedChance(): void {
  Math.random = seededRandom(1);
}
