import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseReport } from '../../bench/report/parseReport.ts';
import type { BenchReport } from '../../bench/report.ts';
import { abortError, LimbeckError, type LimbeckErrorCode } from '../../core/errors.ts';
import { parseJson } from '../../core/parseJson.ts';
import type { Console } from '../openConsole.ts';
import { HEADERS, serveFolder } from '../serveFolder.ts';
import type { BenchSettings, ShownRow } from './benchSettings.ts';
import type { OpenBrowser } from './openBrowser.ts';

/** What is needed beside the settings: how the page is opened, and where rows are shown. */
export interface BrowserWork {
  readonly console: Console;
  readonly signal: AbortSignal;
  /** 0 for any that is free. */
  readonly port: number;
  open(page: string): Promise<OpenBrowser>;
  onRow(row: ShownRow): void;
}

/** A page that was not heard of for so long is gone; a device that starts a browser may be slow. */
const SILENT_MS = 90_000;
/** As much as `parseReport` takes. */
const MOST_BYTES = 32e6;

/**
 * Serves the package and a page that measures on this machine only, opens the page in a browser, and waits for its report.
 * Throws    read-failed: the browser ends, or the page is not heard of · report-invalid · what `benchmark` throws in the page ·
 *           AbortError
 */
export async function measureInBrowser(
  { modelFile, options }: BenchSettings,
  { console, signal, port, open, onRow }: BrowserWork,
): Promise<BenchReport> {
  const { randomBytes } = await import('node:crypto');
  const word = randomBytes(16).toString('hex');
  const heard = conversation(onRow, signal);
  const models = options.models?.map((model) => ({ ...model, onnx: 'model/model.onnx' }));
  const request = { ...options, ...(models !== undefined && { models }) };
  const served = await serveFolder(await packageFolder(console), port, async (path, asked, response) => {
    if (!path.startsWith(`/bench/${word}/`)) return false;
    const place = path.slice(`/bench/${word}/`.length);
    if (asked.method === 'POST' && place === 'tell') {
      send(response, 'application/json', '{}');
      await bodyOf(asked).then(heard.take, heard.fail);
    } else if (place === 'request') send(response, 'application/json', JSON.stringify(request));
    else if (place.startsWith('model/') && modelFile !== undefined) {
      const name = place.slice('model/'.length);
      send(
        response,
        'application/octet-stream',
        await (name === 'model.onnx' ? console.readFile(modelFile) : console.readBeside(modelFile, name)),
      );
    } else return false;
    return true;
  });
  try {
    const browser = await open(`${served.url}page/bench.html?${word}`);
    try {
      void browser.ended.then((how) => heard.fail(new LimbeckError('read-failed', how)));
      return await heard.report;
    } finally {
      await browser.close();
    }
  } finally {
    heard.end();
    await served.close();
  }
}

function send(response: ServerResponse, type: string, body: string | Uint8Array): void {
  response.writeHead(200, { ...HEADERS, 'Content-Type': type });
  response.end(body);
}

/** Throws    report-invalid: longer than any report */
async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Uint8Array>) {
    size += part.length;
    if (size > MOST_BYTES) throw new LimbeckError('report-invalid', 'The page sent more than any report has.');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/** What the page says, until it has said its report, failed, or says nothing any more. */
function conversation(onRow: (row: ShownRow) => void, signal: AbortSignal) {
  let settle: { resolve(report: BenchReport): void; reject(error: unknown): void };
  const report = new Promise<BenchReport>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // Whoever opens the browser may fail first.
  report.catch(() => undefined);
  const stop = () => settle.reject(abortError(signal.reason));
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  let timer = watch();
  function watch() {
    return setTimeout(() => {
      const text = `The page was not heard of for ${SILENT_MS / 1000} s. Is the browser behind a proxy, or does it refuse WebAssembly?`;
      settle.reject(new LimbeckError('read-failed', text));
    }, SILENT_MS);
  }
  return {
    report,
    fail: (error: unknown) => settle.reject(error),
    take(text: string): void {
      clearTimeout(timer);
      timer = watch();
      try {
        const said = parseJson(text) as Readonly<Record<string, unknown>>;
        if (said['type'] === 'row') onRow(shownRow(said));
        else if (said['type'] === 'report') settle.resolve(parseReport(said['report']));
        else if (said['type'] === 'failed') settle.reject(failureOf(said));
      } catch (error) {
        settle.reject(error);
      }
    },
    end(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    },
  };
}

/** The page may be anybody's by now, so types are made, not believed. */
function shownRow(said: Readonly<Record<string, unknown>>): ShownRow {
  const text = (name: string) => String(said[name] ?? '').slice(0, 200);
  const number = (name: string) => (typeof said[name] === 'number' ? (said[name] as number) : Number.NaN);
  return {
    ...{ workload: text('workload'), model: text('model'), backend: text('backend') },
    ...{ threads: number('threads'), batch: number('batch'), medianMs: number('medianMs') },
    doneFraction: Math.min(1, Math.max(0, number('doneFraction') || 0)),
  };
}

/** What limbeck refused there is refused here; anything else failed in the page. */
function failureOf(said: Readonly<Record<string, unknown>>): LimbeckError {
  const text = String(said['message'] ?? '').slice(0, 2000);
  const { code } = said as { readonly code?: unknown };
  const isCode = typeof code === 'string' && /^[a-z-]{1,40}$/.test(code);
  const own = (isCode ? code : 'read-failed') as LimbeckErrorCode;
  return new LimbeckError(own, `In the browser: ${text}`);
}

/** Where the package's own files lie. */
async function packageFolder({ assetBase }: Console): Promise<string> {
  const [{ fileURLToPath }, { access }] = await Promise.all([import('node:url'), import('node:fs/promises')]);
  const folder = fileURLToPath(assetBase ?? new URL('./', import.meta.url));
  await access(`${folder}/page/bench.html`).catch(() => {
    throw new LimbeckError(
      'read-failed',
      'The page of the benchmark is missing: install limbeck again, or run npm run build.',
    );
  });
  return folder;
}
