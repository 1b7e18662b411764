import { LimbeckError, throwIfAborted } from '../core/errors.ts';
import { sha256 } from '../core/hash.ts';
import { DEFAULT_OUTPUT } from '../core/outputs.ts';
import { count, finite, given, type OptionsOf, schema, text } from '../core/schema.ts';
import type { NamedArrays } from '../core/shape.ts';
import { makeUnderway } from '../core/underway.ts';
import type { Store } from '../storage/store.ts';
import { answerOnce } from './cache/answerOnce.ts';
import { chunkStore } from './cache/chunkStore.ts';
import { type CachePrecision, checkPrecision, isCoarse, precisionName } from './cache/precision.ts';
import { makeNotices } from './loadedTeacher.ts';
import { readAsLogits } from './readAsLogits.ts';
import type { Teacher, TeacherDescription, TeacherUsage } from './teacher.ts';

const OPTIONS = schema('cachedTeacher', {
  /** The precision of kept answers, for all outputs or by output. Default: 'float32', which loses nothing. */
  precision: given<CachePrecision>(checkPrecision),
  /**
   * Bytes that the answers of all teachers may take in this store. The least recently used are deleted, but none that were used
   * since this teacher was made: then new answers are not kept. Default 1e9.
   */
  budgetBytes: count()(1e9),
  /** Bytes of answers in memory, in addition to those not written yet. Default 67,108,864. */
  memoryBytes: count(0)(67_108_864),
  /**
   * Tells apart what a teacher's identity cannot: under another version everything is asked again. Needed where the teacher
   * has no identity, such as one made of a function.
   */
  version: given<string>(),
  /** Keeps the answers for examples augmented by this seed apart. */
  augmentationSeed: finite(),
  /**
   * Examples are told apart by an HMAC with this, so that the keys of answers confirm no guess of what was asked. It is called
   * at each question; under another secret everything is asked again. Default: none, a plain SHA-256.
   */
  secret: given<() => Promise<Uint8Array<ArrayBuffer>>>(),
  /** Name for reports. Default: the teacher's. */
  name: text(),
});

/** How a teacher's answers are kept, and for how long. */
export interface CachedTeacherOptions extends OptionsOf<typeof OPTIONS> {}

/** What a cached teacher keeps: examples, and the bytes that they take in the store in total. */
export interface CacheContents {
  readonly examples: number;
  readonly bytes: number;
  /** 0 if there is no example. */
  readonly bytesPerExample: number;
  readonly chunks: number;
}

/** A teacher that is asked about each example only once. */
export interface CachedTeacher extends Teacher {
  contents(): Promise<CacheContents>;
  /**
   * Writes all answers to the store now; otherwise that takes up to 2 s. If keeping had ended, it starts again.
   * Throws    store-full, store-failed: they are not written
   */
  flush(): Promise<void>;
  /** Deletes these answers, here and in the store. */
  clear(): Promise<void>;
}

/**
 * A teacher that keeps its answers in a store and is asked about each example only once, across epochs, runs and reloads; a crash
 * loses the answers of the last two seconds. Examples are identified by the SHA-256 of their inputs. It always returns what it
 * keeps, even the first time, so the same seed gives the same student whether answers were kept before or not. A store that is
 * full or fails never stops it; `watch` and the notices report that.
 *
 * A teacher's answer for a person's example reveals something about the example, and a plain hash confirms a guess of it. `forget`
 * and `destroy` of a profile do not delete what is kept here. For a person's own data use `profile.cachedTeacher`, whose answers
 * are deleted with the profile.
 *
 * `teacher` and `store` stay the caller's: disposing this one writes what is left and disposes neither.
 * Throws    invalid-option: options, or a teacher without identity and no version
 *
 * @example
 * const store = await openStore('answers');
 * const teacher = cachedTeacher(await loadTeacher('/models/teacher.onnx').done, store, { precision: 'float16' });
 */
export function cachedTeacher(teacher: Teacher, store: Store, options: CachedTeacherOptions = {}): CachedTeacher {
  const read = OPTIONS.read(options);
  const { precision = 'float32', budgetBytes, memoryBytes, version, augmentationSeed, secret } = read;
  const identity = identityOf(teacher.description, version);
  const notices = makeNotices();
  const onNotice = (sentence: string) => {
    if (!notices.list.includes(sentence)) notices.tell(sentence);
  };
  // Rounded this coarsely, probabilities no longer add up to 1, so they are read as logits before they are kept.
  const isReadFirst = isCoarse(precision, DEFAULT_OUTPUT) && teacher.description.fromProbs === undefined;
  const source = isReadFirst ? readAsLogits(teacher) : teacher;
  const folder = () => folderOf(identity, augmentationSeed, precision, isReadFirst);
  const chunks = chunkStore(store, { folder, budgetBytes, memoryBytes, onNotice });
  const answers = answerOnce(source, chunks, { precision, secret, onNotice });
  const name = () => options.name ?? teacher.description.name;
  const { perform, close } = makeUnderway(
    () => new LimbeckError('disposed', `The cached teacher "${name()}" was disposed; make it again.`),
  );

  return {
    get description() {
      const inner = teacher.description;
      const kept = `Its answers are kept as ${precisionName(precision)} in the store "${store.name}" (${store.kind}).`;
      return {
        ...inner,
        name: name(),
        why: inner.why === undefined ? kept : `${inner.why} ${kept}`,
        identity: precision === 'float32' ? identity : `${identity} ${precisionName(precision)}`,
        notices: [...inner.notices, ...notices.list],
      };
    },
    ask: (inputs, signal) => perform(() => ask(inputs, signal)),
    nextBatchSize: () => teacher.nextBatchSize?.(),
    timeMs: (inputs, repeats) => perform(() => teacher.timeMs(inputs, repeats)),
    watch(listener) {
      const ends = [teacher.watch?.(listener), notices.watch(listener)];
      return () => {
        for (const end of ends) end?.();
      };
    },
    usage: (): TeacherUsage => answers.usage(),
    contents: () =>
      perform(async () => {
        await chunks.open();
        const contents = chunks.contents();
        return { ...contents, bytesPerExample: contents.examples === 0 ? 0 : contents.bytes / contents.examples };
      }),
    flush: () => perform(() => chunks.open().then(chunks.flush)),
    clear: () => perform(() => chunks.open().then(chunks.clear)),
    [Symbol.asyncDispose]: () => close(chunks.close),
  };

  async function ask(inputs: NamedArrays, signal?: AbortSignal): Promise<NamedArrays> {
    throwIfAborted(signal);
    await chunks.open();
    return answers.ask(inputs, signal);
  }
}

function identityOf({ name, identity }: TeacherDescription, version: string | undefined): string {
  if (identity !== undefined) return version === undefined ? identity : `${identity} ${version}`;
  if (version !== undefined) return `${name} ${version}`;
  throw new LimbeckError(
    'invalid-option',
    `The teacher "${name}" has no identity, so its answers could not be told from those of another. Give ` +
      'cachedTeacher a "version", and another one whenever the teacher may answer differently.',
    { details: { name: 'version' } },
  );
}

/** Hashed, because identities may have any length and any characters. */
async function folderOf(
  identity: string,
  seed: number | undefined,
  precision: CachePrecision,
  isReadFirst: boolean,
): Promise<string> {
  const whole = [identity, seed ?? null, ...(isReadFirst ? ['logits'] : [])];
  const teacher = await sha256(new TextEncoder().encode(JSON.stringify(whole)));
  const named = precisionName(precision);
  const isPlain = /^[a-z0-9]+$/.test(named);
  const kept = isPlain ? named : `mixed-${(await sha256(new TextEncoder().encode(named))).slice(0, 16)}`;
  return `answers/${teacher.slice(0, 32)}/${kept}/`;
}
