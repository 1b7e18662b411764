// tfjs-core's own specs on one configuration of the wasm backend, in a page: many of them need a document.
import { jasmineEnv } from './begin.ts';
import './environment.ts';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import '@tensorflow/tfjs-core/dist/tests.js';
import { openBackendHere } from '../../src/runtime/backends/open.ts';
import * as tf from '../../src/runtime/tf.ts';
import { type Answerer, answerers, watchFallbacks, watchKernels } from './answers.ts';

export interface ConformanceRequest {
  readonly simdLevel: 'relaxed' | 'simd';
  readonly threads: number;
  /** tfjs-wasm as it is, without kernels. */
  readonly isStock: boolean;
  /** Only specs whose name holds this text. */
  readonly filter: string;
}

/**
 * A spec, how it ended, and who computed meanwhile; `reason` is the whole message. A suite that fails outside its specs
 * stands here too.
 */
export interface SpecOutcome {
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'pending';
  readonly reason: string;
  readonly by: readonly Answerer[];
}

/** What the driver reads from outside, also while it runs. */
const progress = { state: 'running', running: 'the opening of the backend', done: 0 };
const outcomes: SpecOutcome[] = [];

/** Specs of a suite may share a name; the second one is told apart by a number. */
const uses = new Map<string, number>();

function add(fullName: string, status: SpecOutcome['status'], reasons: readonly string[]): void {
  // Every suite for several environments carries the name and flags of ours.
  const name = fullName.replace(' wasm {}', '');
  const use = (uses.get(name) ?? 0) + 1;
  uses.set(name, use);
  outcomes.push({ name: use === 1 ? name : `${name} (${use})`, status, reason: reasons.join('\n'), by: answerers() });
  progress.done++;
}

const messages = (failed: readonly { readonly message: string }[]) => failed.map(({ message }) => message);

async function start(request: ConformanceRequest): Promise<void> {
  watchKernels();
  await (request.isStock ? openStock(request) : openWithKernels(request));
  if (!request.isStock) watchFallbacks();
  keepBackend();
  jasmineEnv.configure({ random: false, specFilter: (spec) => spec.getFullName().includes(request.filter) });
  jasmineEnv.addReporter({
    specStarted: ({ fullName }) => {
      progress.running = fullName;
      answerers();
    },
    specDone: ({ fullName, status, failedExpectations, pendingReason }) => {
      if (status === 'excluded') return;
      add(fullName, status, status === 'pending' ? [pendingReason] : messages(failedExpectations));
    },
    suiteDone: ({ fullName, failedExpectations: failed }) => {
      if (failed.length > 0) add(`${fullName} (the suite itself)`, 'failed', messages(failed));
    },
    jasmineDone: ({ failedExpectations: failed }) => {
      if (failed.length > 0) add('(outside every spec)', 'failed', messages(failed));
    },
  });
  await jasmineEnv.execute();
}

async function openWithKernels({ simdLevel, threads }: ConformanceRequest): Promise<void> {
  const { description } = await openBackendHere({ simdLevel, threads, assetBase: '/' });
  const isWanted = description.hasKernels && description.simdLevel === simdLevel && description.threads === threads;
  if (!isWanted) throw new Error(`This engine opened another backend: ${JSON.stringify(description)}`);
}

async function openStock({ threads }: ConformanceRequest): Promise<void> {
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', threads > 1);
  tf.setThreadsCount(threads);
  tf.setWasmPaths('/');
  if (!(await tf.setBackend('wasm'))) throw new Error('tfjs’s wasm backend did not start.');
}

/** Every suite resets the engine, which disposes the backend and makes another; the kernels work on the one they know. */
function keepBackend(): void {
  const kept = tf.backend();
  kept.dispose = () => undefined;
  tf.engine().registryFactory['wasm'] = { factory: () => kept, priority: 3 };
}

Object.assign(globalThis, {
  conformance: {
    progress,
    outcomes,
    start(request: ConformanceRequest): void {
      start(request).then(
        () => {
          progress.state = 'done';
        },
        (error: unknown) => {
          progress.state = `failed: ${error instanceof Error ? error.message : JSON.stringify(error)}`;
        },
      );
    },
  },
});
