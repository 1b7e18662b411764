import { canonicalJson } from '../core/canonicalJson.ts';
import { LimbeckError } from '../core/errors.ts';
import type { NamedArrays } from '../core/shape.ts';
import type { Board } from './board.ts';
import type { Clock } from './clock.ts';
import type { Combine } from './combine.ts';
import type { FederateEvent } from './events.ts';
import type { Head } from './records.ts';
import type { Secure } from './secure/secureOptions.ts';
import { sharedFromBytes } from './sharedFile.ts';
import type { Member } from './strategy.ts';
import type { Encoding, Expected, UpdateKind, UpdateSignatures } from './update.ts';

/** How long rounds take and how many clients they need. */
export interface Pace {
  readonly rounds: number;
  readonly minimumClients: number;
  /** How many must be there before the first round. */
  readonly clientsToBegin: number;
  /** How many the last round waits for, at most `roundMs`. */
  readonly clientsToEnd: number;
  readonly participation: number;
  readonly roundMs: number;
  readonly beatMs: number;
  readonly vanishMs: number;
}

/** One client of a federation at work. */
export interface Session extends Pace {
  readonly federation: string;
  readonly client: string;
  /** Of this run of the client: one that starts again under the same name has another. */
  readonly id: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly board: Board;
  readonly clock: Clock;
  readonly member: Member;
  readonly kind: UpdateKind;
  readonly combine: Combine;
  readonly encoding: Encoding | undefined;
  readonly signatures?: UpdateSignatures | undefined;
  readonly secure?: Secure | undefined;
  /** None of who only aggregates. */
  readonly examples: number;
  readonly seed: number;
  readonly mostUpdateBytes: number;
  readonly mostExamples: number;
  readonly emit: (event: FederateEvent) => void;
  readonly signal: AbortSignal;
  /** The client's own copy of what the round begins with, read once. */
  sharedOf(head: Head): Promise<NamedArrays>;
}

/** Which round's beginning `model` is. */
export function modelRound({ phase, round }: Pick<Head, 'phase' | 'round'>): number {
  return phase === 'done' ? round + 1 : Math.max(round, 1);
}

export function makeShared(board: Board, { shared }: Pick<Member, 'shared'>): Session['sharedOf'] {
  let last: { readonly hash: string; readonly values: Promise<NamedArrays> } | undefined;
  return (head) => {
    if (last?.hash === head.model) return last.values;
    const values = board.model(modelRound(head), head.model).then((bytes) => sharedFromBytes(bytes, shared));
    const mine = { hash: head.model, values };
    last = mine;
    values.catch(() => {
      if (last === mine) last = undefined;
    });
    return values;
  };
}

/** What a client's update of the current round must be. */
export function expectedOf(session: Session, head: Head, client: string): Expected {
  const { federation, kind, encoding, mostUpdateBytes: mostBytes, mostExamples } = session;
  const names = { federation, client, kind, encoding: encoding?.name ?? 'plain' };
  return { ...names, round: head.round, base: head.model, mostBytes, mostExamples };
}

/** Throws    federation-mismatch: what all clients must agree on differs */
export function requireSame(own: Session['settings'], theirs: Session['settings'], federation: string): void {
  const names = [...new Set([...Object.keys(own), ...Object.keys(theirs)])].sort();
  const short = (value: unknown) => (canonicalJson(value) ?? 'nothing').slice(0, 200);
  const different = names.filter((name) => canonicalJson(own[name]) !== canonicalJson(theirs[name]));
  if (different.length === 0) return;
  const list = different.map((name) => `"${name}" is ${short(own[name])} here and ${short(theirs[name])} there`);
  throw new LimbeckError(
    'federation-mismatch',
    `This client does not fit the federation "${federation}": ${list.join('; ')}. Give all clients the same options, or the ` +
      'federation another name.',
    { details: { different } },
  );
}
