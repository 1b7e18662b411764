// Before each file of unit tests: what is started by chance is started the same each time, so that what fails fails again.
import { seededRandom } from '../../src/core/random.ts';

Math.random = seededRandom(1);
