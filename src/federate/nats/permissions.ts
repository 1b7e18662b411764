import {
  entryStream,
  entrySubject,
  inboxOf,
  JETSTREAM,
  jetstreamOf,
  manifestSubject,
  objectStream,
  ownKeys,
  pieceSubject,
  READ_BY_ALL,
} from './natsNames.ts';

/** Subjects that a user may write to and listen to; no others. */
export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

interface Keys {
  readonly entries: readonly string[];
  readonly objects: readonly string[];
}

/** Subjects of the keys of a pattern: what is written, what asks for the last message, and what tells of changes. */
function subjectsOf(federation: string, { entries, objects }: Keys) {
  const news = entries.map((key) => entrySubject(federation, key));
  const kept = objects.flatMap((key) => [manifestSubject(federation, key), pieceSubject(federation, key, '*', '*')]);
  const question = (stream: string) => (subject: string) => `${JETSTREAM}.DIRECT.GET.${stream}.${subject}`;
  return {
    news,
    writes: [...news, ...kept],
    questions: [...news.map(question(entryStream(federation))), ...kept.map(question(objectStream(federation)))],
  };
}

/** What passes between the account of the streams and that of a device; '*' is all of them. */
export function passages(federation: string, device: string) {
  const own = subjectsOf(federation, ownKeys(device));
  const all = subjectsOf(federation, READ_BY_ALL);
  return { services: [...own.writes, ...own.questions, ...all.questions], news: all.news };
}

/** What a device may do, here or beyond a leaf node: write its own, and ask for its own and for what all may read. */
export function devicePermissions(federation: string, device: string, domain?: string): Permissions {
  const { services, news } = passages(federation, device);
  const spoken = (subject: string) => {
    if (domain === undefined) return subject;
    if (subject.startsWith('$KV.')) return `${jetstreamOf(domain)}.${subject}`;
    return subject.replace(`${JETSTREAM}.`, `${jetstreamOf(domain)}.`);
  };
  return { publish: services.map(spoken), subscribe: [`${inboxOf(device)}.>`, ...news] };
}

/** What whoever aggregates may do: everything in the streams of the federation, and nothing else. */
export function aggregatorPermissions(federation: string, name: string): Permissions {
  const streams = [entryStream(federation), objectStream(federation)];
  const calls = ['STREAM.INFO', 'STREAM.CREATE', 'STREAM.PURGE', 'STREAM.MSG.GET'];
  const entries = entrySubject(federation, '>');
  return {
    publish: [
      entries,
      manifestSubject(federation, '>'),
      `limbeck.${federation}.piece.>`,
      ...streams.flatMap((stream) => calls.map((call) => `${JETSTREAM}.${call}.${stream}`)),
      ...streams.map((stream) => `${JETSTREAM}.DIRECT.GET.${stream}.>`),
    ],
    subscribe: [`${inboxOf(name)}.>`, entries],
  };
}
