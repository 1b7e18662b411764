import type { Readable, Writable } from 'node:stream';
import { LimbeckError, messageOf } from '../../core/errors.ts';
import { bytes as bytesText, countOf } from '../../core/figures.ts';
import { type Finding, note, ok } from './finding.ts';

const START_MS = 20_000;
const LOAD_MS = 20_000;
/** One message of the browser; what a page answers is short. */
const MOST_MESSAGE = 1e6;

/** Asked in the page, whose policies hold there. Its answer is the page's to falsify, so only numbers and truths are taken. */
const QUESTION = `(async () => {
  const has = (...bytes) => WebAssembly.validate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, ...bytes]));
  const tried = async (work) => { try { return await work(); } catch { return undefined; } };
  return {
    isIsolated: self.crossOriginIsolated === true,
    cores: navigator.hardwareConcurrency,
    compiles: (await tried(() => new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])))) !== undefined,
    hasSimd: has(10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11),
    hasRelaxed: has(15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11),
    hasGpu: !!(await tried(() => navigator.gpu?.requestAdapter())),
    quota: (await tried(() => navigator.storage?.estimate()))?.quota,
  };
})()`;

/** What a browser on this machine says of the page. Throws    read-failed: it did not start, or the page did not load */
export async function askChromium(
  browser: string,
  page: URL,
  { isUnboxed, signal }: { isUnboxed: boolean; signal: AbortSignal },
): Promise<Finding[]> {
  const [{ spawn }, { mkdtemp, rm }, { tmpdir }, { join }] = await Promise.all([
    import('node:child_process'),
    import('node:fs/promises'),
    import('node:os'),
    import('node:path'),
  ]);
  const profile = await mkdtemp(join(tmpdir(), 'limbeck-doctor-'));
  const child = spawn(
    browser,
    [
      '--headless=new',
      '--remote-debugging-pipe',
      `--user-data-dir=${profile}`,
      '--no-first-run',
      '--no-default-browser-check',
      '--disable-extensions',
      '--mute-audio',
      ...(isUnboxed ? ['--no-sandbox'] : []),
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  );
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  try {
    const [, , , to, from] = child.stdio as unknown as [null, null, null, Writable, Readable];
    return judged(await ask(talk(to, from, ended), page, signal));
  } catch (error) {
    signal.throwIfAborted();
    const hint =
      process.getuid?.() === 0 && !isUnboxed
        ? ' As root it needs --no-sandbox, which only a page that you trust should get.'
        : '';
    throw new LimbeckError('read-failed', `${browser} did not answer: ${messageOf(error)}.${hint}`, { cause: error });
  } finally {
    child.kill();
    await Promise.race([ended, pause(3000)]);
    await rm(profile, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}

/** The browser's protocol over a pipe: JSON, each message ended by a zero. */
interface Talk {
  call(method: string, params?: object, session?: string): Promise<Record<string, unknown>>;
  /** Resolves when such an event comes. */
  heard(method: string): Promise<void>;
}

function talk(to: Writable, from: Readable, ended: Promise<void>): Talk {
  const answers = new Map<number, (message: Record<string, unknown>) => void>();
  const listeners = new Map<string, () => void>();
  let [next, rest] = [1, ''];
  to.on('error', () => undefined);
  from.on('error', () => undefined);
  from.setEncoding('utf8');
  from.on('data', (text: string) => {
    const messages = (rest + text).split('\0');
    rest = (messages.pop() ?? '').slice(0, MOST_MESSAGE);
    for (const one of messages) {
      const message = parsed(one);
      if (typeof message['id'] === 'number') answers.get(message['id'])?.(message);
      else listeners.get(String(message['method']))?.();
    }
  });
  const gone = ended.then((): never => {
    throw new Error('it ended');
  });
  gone.catch(() => undefined);
  return {
    call(method, params = {}, sessionId) {
      const id = next++;
      const answer = new Promise<Record<string, unknown>>((resolve, reject) => {
        answers.set(id, ({ result, error }) =>
          error === undefined
            ? resolve(result as Record<string, unknown>)
            : reject(new Error(JSON.stringify(error).slice(0, 200))),
        );
      });
      to.write(`${JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) })}\0`);
      return Promise.race([answer, gone]);
    },
    heard: (method) => new Promise((resolve) => listeners.set(method, resolve)),
  };
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

async function ask({ call, heard }: Talk, page: URL, signal: AbortSignal): Promise<Record<string, unknown>> {
  const inTime = <T>(work: Promise<T>, ms: number, what: string) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(ms)]);
    return Promise.race([
      work,
      new Promise<never>((_, reject) => limit.addEventListener('abort', () => reject(new Error(what)))),
    ]);
  };
  const { targetId } = await inTime(
    call('Target.createTarget', { url: 'about:blank' }),
    START_MS,
    'it did not start in time',
  );
  const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true });
  const session = String(sessionId);
  await call('Page.enable', {}, session);
  const loaded = heard('Page.loadEventFired');
  await inTime(call('Page.navigate', { url: page.href }, session), LOAD_MS, 'the page did not load in time');
  await inTime(loaded, LOAD_MS, 'the page did not load in time');
  const asked = call('Runtime.evaluate', { expression: QUESTION, awaitPromise: true, returnByValue: true }, session);
  const { result } = await inTime(asked, LOAD_MS, 'the page did not answer in time');
  return ((result as { readonly value?: unknown } | undefined)?.value ?? {}) as Record<string, unknown>;
}

function judged(said: Record<string, unknown>): Finding[] {
  const is = (name: string) => said[name] === true;
  const [cores, quota] = ['cores', 'quota'].map((name) => Number(said[name]));
  const level = is('hasRelaxed') ? 'relaxed SIMD' : is('hasSimd') ? 'SIMD' : 'no SIMD';
  return [
    is('compiles')
      ? ok('in Chromium', `WebAssembly compiles, ${level}`)
      : { ...note('in Chromium', 'WebAssembly does not compile on this page', 'csp'), level: 'change' },
    is('isIsolated')
      ? ok('in Chromium', `isolated: threads on ${countOf(Math.max(1, Math.floor(cores || 1)), 'core')}`)
      : note('in Chromium', 'not isolated: one thread', 'isolation'),
    is('hasGpu')
      ? ok('in Chromium', 'WebGPU gives an adapter')
      : note('in Chromium', 'WebGPU gives no adapter in this browser without a window'),
    quota !== undefined && quota > 0
      ? ok('in Chromium', `${bytesText(quota)} of storage`)
      : note('in Chromium', 'it tells no quota of storage'),
  ];
}
