// The page that `limbeck bench` opens in a browser: it measures what it is told to, and tells the command, which serves it.
import { type BenchModel, type BenchmarkOptions, benchmark, configure, LimbeckError, standardSet } from 'limbeck';

/** What the command asks for, of the standard set if it names no models; a model's file lies behind its address. */
type Request = Omit<BenchmarkOptions, 'signal' | 'models'> & { readonly models?: readonly BenchModel[] };

/** As often as the command hears of the page at least. */
const ALIVE_MS = 2000;

/** Where the command listens, behind a word that only this page knows. */
const home = new URL(`../bench/${location.search.slice(1)}/`, location.href).href;
const status = document.getElementById('status') as HTMLElement;

async function tell(message: object): Promise<void> {
  const response = await fetch(`${home}tell`, { method: 'POST', body: JSON.stringify(message) });
  if (!response.ok) throw new Error(`The command does not listen any more (HTTP ${response.status}).`);
}

async function work(): Promise<void> {
  const alive = setInterval(() => void tell({ type: 'alive' }).catch(() => undefined), ALIVE_MS);
  try {
    // What lies beside limbeck's own code, the files for GPUs too.
    configure({ assets: new URL('../', import.meta.url) });
    const request = (await (await fetch(`${home}request`)).json()) as Request;
    const models = request.models?.map(atHome) ?? standardSet();
    const run = benchmark({ ...request, models });
    for await (const { workload, model, backend, threads, batch, medianMs, doneFraction, isFinal, skipped } of run) {
      await tell({ type: 'row', workload, model, backend, threads, batch, medianMs, doneFraction, isFinal, skipped });
    }
    await tell({ type: 'report', report: await run.done });
    status.textContent = 'Done. You may close this page.';
  } catch (error) {
    const { code, message } = error instanceof LimbeckError ? error : { code: undefined, message: String(error) };
    status.textContent = message;
    await tell({ type: 'failed', code, message }).catch(() => undefined);
  } finally {
    clearInterval(alive);
  }
}

function atHome(model: BenchModel): BenchModel {
  return typeof model.onnx === 'string' ? { ...model, onnx: new URL(model.onnx, home).href } : model;
}

void work();
