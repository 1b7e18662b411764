// Sessions that compute nothing and cost what they are told to, for tests of what is around them.
import { LimbeckError } from '../../core/errors.ts';
import type { NamedArrays } from '../../core/shape.ts';
import { batchOf } from './sessionBatches.ts';
import type { OpenedSession, Placement, SessionDevice } from './sessionSettings.ts';
import type { StartedSession } from './sessionStart.ts';
import { tuneBatch } from './tune.ts';

export interface FakeDevice {
  readonly msPerExample?: number;
  /** The same for each measurement by itself. */
  readonly msEachTime?: number[];
  /** Makes what it gives another value than its input. */
  readonly error?: number;
  /** Thrown by the next runs, one each; undefined lets a run through. */
  readonly faults?: (Error | undefined)[];
  readonly openFault?: Error;
  readonly openMs?: number;
}

/**
 * Places to run, of which every session and every call is written down. With a clock, each pass moves it on by what it
 * costs, and what is measured is passes.
 */
export function fakeHouse(
  devices: Partial<Record<SessionDevice, FakeDevice>>,
  opened: Partial<OpenedSession> = {},
  clock?: { now: number },
) {
  const log: string[] = [];
  /** What each measurement was given, in milliseconds. */
  const budgets: number[] = [];
  let living = 0;
  const start = async (): Promise<StartedSession> => {
    living++;
    let at: Placement | undefined;
    let isDisposed = false;
    const device = () => devices[at?.device ?? 'wasm'] ?? {};
    const pass = (examples: number) => {
      log.push(`run ${at?.device} ${examples}`);
      if (clock !== undefined) clock.now += (device().msPerExample ?? 10) * examples;
    };
    return {
      hash: async () => `hash ${hashes}`,
      async open(_files, _settings, placement) {
        log.push(`open ${placement.device} ${placement.threads ?? '-'}`);
        at = placement;
        const { openFault, openMs } = device();
        if (openMs !== undefined) await new Promise((resolve) => setTimeout(resolve, openMs));
        if (openFault !== undefined) throw openFault;
        return { threads: placement.threads ?? 2, inputs: {}, outputs: {}, notices: [], ...opened };
      },
      async run(inputs): Promise<NamedArrays> {
        if (isDisposed) throw new LimbeckError('disposed', 'It was disposed.');
        pass(batchOf(inputs));
        const fault = device().faults?.shift();
        if (fault !== undefined) throw fault;
        const { data, shape } = inputs['x'] as NamedArrays[string];
        return { y: { data: Float32Array.from(data, (value) => value + (device().error ?? 0)), shape } };
      },
      timeMs: async (_inputs, repeats) => Array.from({ length: repeats }, () => 1),
      async measure(_inputs, budgetMs, sizes = [1, 8]) {
        log.push(`measure ${at?.device}`);
        budgets.push(Math.round(budgetMs));
        if (clock !== undefined) {
          return tuneBatch({ run: async (size) => pass(size), sizes: [...sizes], budgetMs, now: () => clock.now });
        }
        const msPerExample = device().msEachTime?.shift() ?? device().msPerExample ?? 10;
        return sizes.map((batchSize) => ({ batchSize, msPerExample }));
      },
      async [Symbol.asyncDispose]() {
        if (!isDisposed) living--;
        isDisposed = true;
      },
    };
  };
  const hashes = nextHash++;
  return { start, log, budgets, living: () => living };
}

/** The page remembers by hash what was measured, so every house has a model of its own. */
let nextHash = 0;
