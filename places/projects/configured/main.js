// Where the bundler does not lay limbeck's files beside the code: `limbeck assets --to …/limbeck` does.
import * as limbeck from 'limbeck';
import * as run from 'limbeck/run';
import * as tfjs from 'limbeck/tfjs';
import { check, report } from './check.js';

limbeck.configure({ assets: './limbeck/' });
report(check({ limbeck, run, tfjs }));
