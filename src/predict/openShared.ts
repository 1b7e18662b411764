// Opens a student once for all tabs of the origin.
import { messageOf } from '../core/errors.ts';
import { sha256 } from '../core/hash.ts';
import { VERSIONS } from '../core/versions.ts';
import type { OpenedModel } from '../model/model.ts';
import { remoteSession } from '../model/startSession.ts';
import { afterOthers } from '../network/cache/afterOthers.ts';
import type { Host, WorkerOption, WorkerPart } from '../workers/host.ts';
import { sharedObstacle, startShared } from '../workers/startShared.ts';
import type { Engine, EngineModel, EngineOptions } from './engine.ts';
import { type EngineSession, openEngine, opened, PARTS, toOpen, workerOf } from './openEngine.ts';

/** A session that some tab has opened, or this one does. */
interface SharedSession extends EngineSession {
  opened(): Promise<OpenedModel | undefined>;
}

/**
 * Joins the other tabs that have this model open, or opens it for those that come. Where that cannot be, the model gets a worker
 * of its own, with a notice. If the worker dies, as it may where another tab takes its process along, the tabs join anew; `again`
 * reads its forms for that, so that no tab keeps its bytes.
 * Throws    what `openEngine` throws
 */
export async function openShared(
  model: EngineModel,
  options: EngineOptions,
  again: () => Promise<EngineModel[]>,
): Promise<Engine> {
  try {
    const obstacle = sharedObstacle();
    if (obstacle !== undefined) throw new Error(`${obstacle}.`);
    const name = await nameOf(model, options);
    const rejoin = async () => {
      for (const next of await again()) {
        if ((await nameOf(next, options)) === name) return join(next, name, options);
      }
      throw new Error('The file changed.');
    };
    return lasting(await join(model, name, options), rejoin);
  } catch (error) {
    const engine = await openEngine(model, 'shipped', options);
    const notice = `"${options.name}" has a worker of its own instead of one that all tabs share: ${messageOf(error)}`;
    return { ...engine, opened: { ...engine.opened, notices: [...engine.opened.notices, notice] } };
  }
}

/** In turn, so that no tab joins a worker that ends. A tab that was frozen in its turn is not waited for. */
async function join(model: EngineModel, name: string, options: EngineOptions): Promise<Engine> {
  const part = PARTS[model.engine];
  const own = workerOf('shipped', model.engine) as Exclude<WorkerOption, 'none'>;
  return afterOthers({ lock: name, progress: async () => 0 }, async () => {
    const host = await startShared<Record<WorkerPart, SharedSession>>(own, name, part);
    const session = sessionOf(host, part);
    const open = async () => (await session.opened()) ?? session.open(...toOpen(model, options));
    return opened(model.engine, session, open);
  });
}

/** Made apart from the model, which its functions would keep. */
function sessionOf(host: Host<Record<WorkerPart, SharedSession>>, part: WorkerPart) {
  return remoteSession<SharedSession>(
    ['open', 'opened', 'run'],
    (use) => host.call((api) => use(api[part])),
    async () => host[Symbol.asyncDispose](),
  );
}

/** An engine that is joined anew where its worker died; a call that was under way is made once more. */
function lasting(first: Engine, rejoin: () => Promise<Engine>): Engine {
  let current = Promise.resolve(first);
  let isDisposed = false;
  return {
    ...first,
    isShared: true,
    async run(inputs) {
      const asked = current;
      const engine = await asked;
      try {
        return await engine.run(inputs);
      } catch (error) {
        if (isDisposed || (error as { code?: unknown }).code !== 'worker-died') throw error;
        // Of several calls the first one joins. Where that fails, the dead engine says what happened.
        if (current === asked) current = rejoin().catch(() => engine);
        return (await current).run(inputs);
      }
    },
    async [Symbol.asyncDispose]() {
      isDisposed = true;
      await (await current)[Symbol.asyncDispose]();
    },
  };
}

/** The same for the same model, settings and version of limbeck, and for nothing else. */
async function nameOf(model: EngineModel, { threads, assetBase }: EngineOptions): Promise<string> {
  const [weights, topology] =
    model.engine === 'onnxruntime'
      ? [model.onnx, undefined]
      : [new Uint8Array(model.artifacts.weightData), { ...model.artifacts, weightData: undefined }];
  const all = [VERSIONS.limbeck, model.engine, threads, assetBase, topology, await sha256(weights)];
  return `limbeck-shared-${await sha256(new TextEncoder().encode(JSON.stringify(all)))}`;
}
