import { messageOf } from '../core/errors.ts';
import type { NamedArrays } from '../core/shape.ts';
import { hasWebGpuFiles } from '../core/webgpuFiles.ts';
import { SMALL_TEACHER_BATCH, smallDevice } from '../runtime/smallDevice.ts';
import { COLOCATION, type Colocated, type Colocation } from '../workers/colocation.ts';
import { pixelNotice } from './input/pixelNotice.ts';
import { loadedTeacher, makeNotices } from './loadedTeacher.ts';
import { identityOf } from './onnxIdentity.ts';
import { type LoadTeacherOptions, settingsOf } from './onnxOptions.ts';
import { readOutputs, requireRows } from './read.ts';
import { probsNotice } from './readAsLogits.ts';
import { startColocated } from './session/colocated.ts';
import { type DevicePlan, planDevices } from './session/devices.ts';
import type { FirstAnswer } from './session/firstAnswer.ts';
import { fromProbsOf, nameOutputs } from './session/outputNames.ts';
import { keepRunning, type PlacedSession } from './session/recover.ts';
import { batchOf } from './session/sessionBatches.ts';
import { type Opening, openAt, openFirst } from './session/sessionPlace.ts';
import type { ModelFiles, Placement, SessionDevice } from './session/sessionSettings.ts';
import { storeOf, type TunedPlace, type TuneMemory, tuneMemory, whatIsTuned } from './session/tuneMemory.ts';
import { tuneSession } from './session/tuneSession.ts';
import { workSizes } from './session/workSizes.ts';
import type { Teacher, TeacherDescription } from './teacher.ts';

/** A model with its files in memory. */
export interface LoadedModel {
  readonly files: ModelFiles;
  readonly name: string;
  /** What should be reported about how it was fetched. */
  readonly notices: readonly string[];
}

/** Opens a model as a teacher. Tests give another `start` of sessions. */
export async function openTeacher(
  model: LoadedModel,
  options: LoadTeacherOptions,
  start?: Opening['start'],
): Promise<Teacher> {
  const { worker = 'shipped' } = options;
  // What is asked for is done, on any device.
  const small = options.threads === undefined ? smallDevice() : undefined;
  const where = small === undefined ? { threads: options.threads } : { threads: 1, largestBatch: SMALL_TEACHER_BATCH };
  const colocated = options.colocatedWith && startColocated(options.colocatedWith, options.device);
  const isColocated = colocated !== undefined && colocated.notice === undefined;
  const device = options.device ?? (isColocated ? 'webgpu' : 'auto');
  const hasOwnThread = worker !== 'none' && !isColocated;
  const planned = await planDevices(device, {
    hasOwnThread: hasOwnThread && options.recurrent === undefined,
    hasGpuFiles: hasWebGpuFiles(options.assetBase),
  });
  const notices = [
    ...model.notices,
    ...(small ? [small] : []),
    ...planned.notices,
    ...(colocated?.notice ? [colocated.notice] : []),
  ];
  const reasons = [...planned.reasons];
  const plan = { ...planned, reasons };
  const opening: Opening = {
    files: model.files,
    settings: settingsOf(model.name, options),
    worker,
    start: start ?? colocated?.start,
  };
  let memory: TuneMemory | undefined;
  let known: TunedPlace | undefined;
  const choose = async (hash: string): Promise<Placement> => {
    const tuned = { name: model.name, ...whatIsTuned(hash, { ...options, device }, hasOwnThread) };
    memory = await tuneMemory(tuned, plan.gpuName, storeOf(options));
    const remembered = await memory.recall();
    // Which devices are allowed is decided at every start.
    const allowed: readonly SessionDevice[] = ['wasm', plan.first, ...plan.challengers];
    known = remembered !== undefined && allowed.includes(remembered.device) ? remembered : undefined;
    return { device: known?.device ?? plan.first, ...where };
  };
  const { session, hash } = await openFirst(opening, choose, (notice) => {
    notices.push(notice);
    reasons.push(notice);
  });
  // The model's graph says nothing about the outputs of a "read".
  const softmaxes = options.read === undefined ? session.opened.softmaxOutputs : [];
  const fromProbs = fromProbsOf(session.opened.outputs, options, softmaxes);
  if (fromProbs?.length && options.given === undefined) notices.push(probsNotice(model.name, fromProbs));
  const identity = await identityOf(hash, options, fromProbs);
  // The figures do not hold if another device had to be taken.
  const place = known?.device === session.placement.device ? known : undefined;
  return makeTeacher({ model, options, plan, opening, notices, session, identity, fromProbs, memory, known: place });
}

interface TeacherParts {
  readonly model: LoadedModel;
  readonly options: LoadTeacherOptions;
  readonly plan: DevicePlan;
  readonly opening: Opening;
  readonly notices: string[];
  readonly session: PlacedSession;
  readonly identity: string | undefined;
  readonly fromProbs: readonly string[] | undefined;
  readonly memory: TuneMemory | undefined;
  readonly known: TunedPlace | undefined;
}

function makeTeacher({ model, options, plan, opening, session, ...parts }: TeacherParts): Teacher & Colocated {
  const notices = makeNotices(parts.notices);
  const { tell } = notices;
  const open = (placement: Placement) => openAt(opening, placement);
  const running = keepRunning({ first: session, open, hasWorker: opening.worker !== 'none', tell });
  let tuned: Promise<void> | undefined;
  let place = parts.known ?? placeWithoutMeasuring(session, options, plan);
  const read = options.read ?? ((outputs: NamedArrays) => nameOutputs(outputs, options));
  const { fromProbs } = parts;
  let isSettled = true;
  const given = givenSize(session.opened, options);
  const sizes = workSizes({ running, given, known: parts.known, onLearned: () => void remember() });
  let isEnded = false;

  /** A failure only loses the measurement. Returns wasm's answer if wasm took over from a device that was wrong. */
  async function tune(first: FirstAnswer): Promise<NamedArrays | undefined> {
    const only = typeof options.batchSize === 'number' ? [options.batchSize] : undefined;
    try {
      const tuning = { running, plan, first, sizes: only, open, tell };
      const { isProvisional, answer, ...tunedPlace } = await tuneSession(tuning);
      place = tunedPlace;
      isSettled = !isProvisional;
      sizes.adopt(place);
      await remember();
      return answer;
    } catch (error) {
      const { device } = running.current().placement;
      place = { device, figures: [], why: `It could not be measured (${messageOf(error)}).` };
      return undefined;
    }
  }

  /** Keeps what was learned together with the chosen device; not if another one had to be taken. */
  async function remember(): Promise<void> {
    const { best, figures } = sizes;
    if (!isSettled || place?.device !== running.current().placement.device) return;
    if (best !== undefined && figures.length > 0) await parts.memory?.remember({ ...place, batchSize: best, figures });
  }

  /** The first answer comes before any measurement, so that a fault of the batch is reported as such. */
  async function ask(inputs: NamedArrays, signal: AbortSignal | undefined): Promise<NamedArrays> {
    await tuned;
    const batch = batchOf(inputs, running.current().opened);
    const attempt = () => running.attempt((current) => current.run(inputs), batch, signal);
    const run = () => sizes.time(inputs, batch, attempt);
    const before = running.current();
    const startedAt = performance.now();
    const outputs = await run();
    if (place !== undefined || batch === 0) return outputs;
    const session = running.current();
    // The time includes a restart then.
    const ms = session === before ? performance.now() - startedAt : 0;
    let trusted: NamedArrays | undefined;
    tuned ??= tune({ session, inputs, outputs, ms }).then((answer) => {
      trusted = answer;
    });
    await tuned;
    // An answer from a device that proved wrong is not given away.
    return before.placement.device === 'wasm' || running.current() === before ? outputs : (trusted ?? run());
  }

  function describe(): TeacherDescription {
    const { placement, opened } = running.current();
    const { best, figures, sentence } = sizes;
    const where = place?.device === placement.device ? [place.why] : [...plan.reasons, ...notices.list.slice(-1)];
    return {
      name: model.name,
      bytes: model.files.model.size + model.files.externalData.reduce((sum, { data }) => sum + data.size, 0),
      device: placement.device,
      threads: opened.threads,
      ...(opened.simdLevel && { simdLevel: opened.simdLevel }),
      why: [...where, ...(sentence ? [sentence] : [])].join(' '),
      ...(best !== undefined && { batchSize: best }),
      ...(figures.length > 0 && { batchFigures: figures }),
      ...(parts.identity !== undefined && { identity: parts.identity }),
      ...(fromProbs !== undefined && { fromProbs }),
      inputs: opened.inputs,
      outputs: opened.outputs,
      // A function of the caller's returns the caller's order.
      ...((options.read === undefined || options.read.spec !== undefined) && { channels: 'first' }),
      notices: [...opened.notices, ...notices.list],
    };
  }

  const teacher = loadedTeacher({
    name: model.name,
    notices,
    fromProbs,
    describe,
    batchOf: (inputs) => batchOf(inputs, running.current().opened),
    noticeOf: (inputs) => pixelNotice(inputs, options.input, running.current().opened.rawInputs),
    run: ask,
    read(outputs, batch) {
      if (options.read === undefined) requireRows(outputs, batch);
      // What the worker has read was checked there.
      return options.read?.spec === undefined ? readOutputs(read, outputs, batch) : outputs;
    },
    nextBatchSize: () => sizes.next,
    timeMs: (inputs, repeats) =>
      running.attempt((current) => current.timeMs(inputs, repeats), batchOf(inputs, running.current().opened)),
    async end() {
      isEnded = true;
      await running[Symbol.asyncDispose]();
      await remember();
    },
  });
  /** The worker in which a student on the same GPU finds it, if its answers can stay on the GPU. */
  return Object.defineProperty(teacher, COLOCATION, {
    get(): Colocation | undefined {
      const now: PlacedSession & Colocated = running.current();
      const isPlain =
        options.recurrent === undefined && (options.read === undefined || options.read.spec !== undefined);
      const isThere = !isEnded && now.placement.device === 'webgpu' && now.opened.fixedBatch === undefined;
      return isPlain && isThere ? now[COLOCATION] : undefined;
    },
  });
}

/** If there is nothing to choose, nothing is measured. */
function placeWithoutMeasuring(
  { placement, opened }: PlacedSession,
  { batchSize = 'auto' }: LoadTeacherOptions,
  { challengers, reasons }: DevicePlan,
): TunedPlace | undefined {
  if (challengers.length > 0 || placement.device !== 'wasm') return undefined;
  const size = givenSize(opened, { batchSize });
  const given = batchSize === 'auto' ? `The model takes ${size} at a time.` : `${size} at a time were asked for.`;
  return { device: placement.device, figures: [], why: [...reasons, ...(size === undefined ? [] : [given])].join(' ') };
}

/** The batch size that was asked for, or the only one that the model takes. */
function givenSize(opened: PlacedSession['opened'], { batchSize = 'auto' }: LoadTeacherOptions): number | undefined {
  return batchSize === 'auto' ? opened.fixedBatch : batchSize;
}
