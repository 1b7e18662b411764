// What determines a student's bits besides data, loss and options: one run reports it, another requests it.
import { LimbeckError } from '../core/errors.ts';
import { versionsHere } from '../core/versions.ts';
import type { TeacherDescription, TeacherDevice } from '../teacher/teacher.ts';
import type { TrainJob } from '../train/engine.ts';
import type { Trainer } from '../train/trainer.ts';
import type { ReproducibleWith, TeacherEngine } from './report.ts';

type Facts = Omit<ReproducibleWith, 'doubts'>;

/** What determines the bits of this run, as far as known; the teacher's device is known once it has answered. */
export function factsOf(
  { seed, size, batchSize, epochs }: TrainJob,
  { description }: Pick<Trainer, 'description'>,
  teacher?: TeacherDescription,
  teacherBatchSize = 0,
): Facts {
  const { backend, threads, simdLevel, hasKernels, tfjsVersion } = description;
  return {
    seed,
    order: { examples: size, batchSize, epochs },
    trainer: { backend, threads, simdLevel, hasKernels },
    ...(teacher && { teacher: { ...engineOf(teacher), batchSize: teacherBatchSize } }),
    versions: { ...versionsHere(), tfjs: tfjsVersion },
  };
}

function engineOf({ identity, device, threads, simdLevel, members }: TeacherDescription): TeacherEngine {
  return {
    ...(identity !== undefined && { identity }),
    device,
    threads,
    ...(simdLevel !== undefined && { simdLevel }),
    ...(members && { members: members.map(engineOf) }),
  };
}

/**
 * Compares a run, before its first step, with the one to reproduce.
 * Throws    not-reproducible: what differs, each with what is here and what is needed
 */
export function requireSame({ doubts: _, ...needed }: ReproducibleWith, here: Facts): void {
  const [asked, given] = [new Map(leavesOf(needed)), new Map(leavesOf(here))];
  const names = [...new Set([...asked.keys(), ...given.keys()])];
  const differences = names.flatMap((name) => {
    const [wanted, found] = [asked.get(name), given.get(name)];
    return wanted === found ? [] : [{ name, needed: wanted, given: found }];
  });
  if (differences.length === 0) return;
  const list = differences.map(
    ({ name, ...one }) => `${name} is ${one.given ?? 'missing'}, not ${one.needed ?? 'missing'}`,
  );
  throw new LimbeckError(
    'not-reproducible',
    `This run would give other bits than the one that "reproduce" tells of: ${list.join('; ')}. ${adviceFor(needed, differences)}`,
    { details: { differences } },
  );
}

function adviceFor({ teacher }: Facts, differences: readonly { readonly name: string }[]): string {
  const isTeachers = differences.some(({ name }) => name.startsWith('teacher.'));
  if (!isTeachers || teacher === undefined) return 'Run it as it was, or leave "reproduce" out.';
  const { device, threads, batchSize } = teacher;
  return device === 'several' || device === 'tfjs' || device === 'function'
    ? 'Open the teacher as it was, or leave "reproduce" out.'
    : `loadTeacher(…, { device: '${device}', threads: ${threads}, batchSize: ${batchSize} }) opens it as it was.`;
}

/** Every plain value with its path; undefined values are left out, as in JSON. */
function leavesOf(value: unknown, path = ''): [string, unknown][] {
  if (value === undefined) return [];
  if (typeof value !== 'object' || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([name, inner]) => leavesOf(inner, path === '' ? name : `${path}.${name}`));
}

export interface Ended {
  /** The facts before the first step, and the teacher as it is after the last. */
  readonly facts: Facts;
  readonly teacher: TeacherDescription | undefined;
  /** Examples answered from a cache. */
  readonly found: number;
}

/** What a run reports about itself at the end. */
export function reproducibleWith({ facts, teacher, found }: Ended): ReproducibleWith {
  const before = facts.teacher;
  const after = teacher && engineOf(teacher);
  const isSame =
    before === undefined ||
    after === undefined ||
    String(leavesOf({ ...before, batchSize: undefined })) === String(leavesOf(after));
  const devices = [facts.trainer.backend, ...devicesOf(before)];
  const doubts = [
    !isSame && `The teacher went from ${before.device} to ${after.device} while it worked.`,
    before !== undefined &&
      found > 0 &&
      `${found} of the teacher's answers came from an earlier run, on whatever engine that had.`,
    before !== undefined &&
      before.identity === undefined &&
      'Whether a teacher without an identity is the same cannot be told.',
    devices.some((device) => device === 'webgpu' || device === 'webnn') &&
      'A GPU may add in another order from run to run.',
  ];
  return { ...facts, doubts: doubts.filter((doubt) => doubt !== false) };
}

function devicesOf(engine: TeacherEngine | undefined): TeacherDevice[] {
  return engine === undefined ? [] : [engine.device, ...(engine.members ?? []).flatMap(devicesOf)];
}
