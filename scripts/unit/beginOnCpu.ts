// Before each file of unit tests that shares its modules with others: tfjs computes where it would in a process of its own.
import { beforeAll } from 'vitest';
import * as tf from '../../src/runtime/tf.ts';

beforeAll(() => tf.setBackend('cpu').then(() => undefined));
