// Before each file of unit tests that shares its modules with others: tfjs computes where it would in a process of its own.
import { beforeAll } from 'vitest';
import * as tf from '../../src/runtime/tf.ts';
import { seedChance } from './seedChance.ts';

// After tfjs was loaded, which draws numbers in the first file alone.
seedChance();
beforeAll(() => tf.setBackend('cpu').then(() => undefined));
