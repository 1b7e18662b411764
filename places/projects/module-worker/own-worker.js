import * as limbeck from 'limbeck';
import * as run from 'limbeck/run';
import * as tfjs from 'limbeck/tfjs';
import { check, report } from './check.js';

report(check({ limbeck, run, tfjs }));
postMessage(await globalThis.limbeckPlace);
