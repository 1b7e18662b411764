import { LimbeckError } from '../core/errors.ts';
import { command } from './command.ts';
import { SIMULATE_OPTIONS, simulateFederation } from './federate/simulateFederation.ts';

/** What `limbeck federate` does, by its first word. */
const WORKS = ['simulate'] as const;

export const federateCommand = command({
  name: 'federate',
  summary: 'plays a federation of many devices that train one student together',
  usage: 'simulate [options] --data WHAT',
  about: `simulate  divides the examples among virtual clients, plays all rounds, and tells accuracy and bytes of each.`,
  options: SIMULATE_OPTIONS,
  words: WORKS,
  fails: 'where the examples cannot be read or do not fit',
  async work(values, [work, ...more], console) {
    if (work !== 'simulate' || more.length > 0) {
      throw new LimbeckError('invalid-option', `Say what to do: limbeck federate ${WORKS.join('|')}.`);
    }
    await simulateFederation(values, console);
  },
});
