// What a federation is called on a NATS server: transport and server configuration agree on it.

/** The stream of entries: a key-value bucket of the federation's name, which NATS's own tools read. */
export const entryStream = (federation: string) => `KV_${federation}`;

/** The stream of objects. */
export const objectStream = (federation: string) => `OBJECTS_${federation}`;

/** Parts of keys are tokens of subjects: neither has dots, blanks or wildcards. */
const tokens = (key: string) => key.replaceAll('/', '.');

/** The subject of an entry; a pattern such as one with `*` or `>` gives the subjects of many. */
export const entrySubject = (federation: string, key: string) => `$KV.${federation}.${tokens(key)}`;

/** The domain of the servers' streams. What passes a leaf node must name it, and the servers map it. */
export const DOMAIN = 'limbeck';

/** What stands before calls of JetStream, and, beyond a leaf node, before subjects of entries too. */
export const JETSTREAM = '$JS.API';
export const jetstreamOf = (domain: string | undefined) => (domain === undefined ? JETSTREAM : `$JS.${domain}.API`);

/** The key of an entry's subject. */
export const keyOf = (federation: string, subject: string) =>
  subject.slice(entrySubject(federation, '').length).replaceAll('.', '/');

/** Where it says how long an object is, and what its bytes hash to. */
export const manifestSubject = (federation: string, key: string) => `limbeck.${federation}.manifest.${tokens(key)}`;

/** A piece of an object's bytes; those of other bytes have other subjects, so nobody reads a mixture. */
export const pieceSubject = (federation: string, key: string, sha256: string, piece: number | '*') =>
  `limbeck.${federation}.piece.${tokens(key)}.${sha256}.${piece}`;

/** Where the answers to a user's requests arrive; nobody else may listen there. */
export const inboxOf = (user: string) => `_INBOX_${user}`;

/** Entries that no other key begins with the name of. */
export const SINGLE_KEYS: readonly string[] = ['head', 'lease'];

/** What every device may read: entries, whose changes it is told of, and objects. */
export const READ_BY_ALL = {
  entries: [...SINGLE_KEYS, 'rounds/*', 'secure/*/answers/*/*'],
  objects: ['models/*/*', 'rounds/*/*', 'secure/*/answers/*/*/*'],
} as const;

/** What one device may write and read: entries and objects. */
export const ownKeys = (client: string) => ({
  entries: [`clients/${client}`, `updates/*/${client}`, `secure/*/from/*/${client}`],
  objects: [`updates/*/${client}/*`, `secure/*/from/*/${client}/*`],
});
