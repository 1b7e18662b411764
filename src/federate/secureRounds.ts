import { LimbeckError } from '../core/errors.ts';
import { sha256 } from '../core/hash.ts';
import { type NamedArrays, type Shapes, sizeOf } from '../core/shape.ts';
import type { Part } from './combine.ts';
import type { Contribution, Head } from './records.ts';
import { type FixedPoint, stepsPerUnit, weightedMeanOf, weightedWords } from './secure/fixedPoint.ts';
import type { Secure } from './secure/secureOptions.ts';
import type { SecureRound } from './secure/secureRound.ts';
import { joinSecureSum, leadSecureSum } from './secure/secureSum.ts';
import type { Session } from './session.ts';

const lengthOf = (shapes: Shapes) =>
  Object.values(shapes).reduce((sum, shape) => sum + sizeOf(shape as readonly number[]), 0);

/** The sum of a round: it is never repeated under this name. */
function roundOf({ federation, member, secure }: Session, head: Head): SecureRound & { readonly point: FixedPoint } {
  const { roster, range, fewest } = secure as Secure;
  const taking = head.participants.filter((name) => roster.has(name));
  return {
    session: `${federation.slice(0, 60)}-${head.round}-${head.attempt}-${head.model.slice(0, 32)}`,
    roster: new Map(taking.map((name) => [name, roster.get(name) as string])),
    length: lengthOf(member.sent) + 1,
    fewest,
    point: { range, clients: Math.max(1, taking.length) },
  };
}

/** What a client has sent under masks: how many bytes, and the hash of what they hide, which only it knows. */
export interface Hidden {
  readonly bytes: number;
  readonly hash: string;
}

/**
 * Adds this client's change to the round's sum. Undefined if it does not count: too few clients are left, or whoever aggregates is
 * gone. The round is lost then.
 * Throws    aggregation-refused · invalid-option: a change beyond `range`
 */
export async function contributeSecurely(
  session: Session,
  head: Head,
  { values, before }: { readonly values: NamedArrays; readonly before: NamedArrays },
  signal: AbortSignal,
): Promise<Hidden | undefined> {
  const { board, client, examples, member, roundMs } = session;
  const { device, mostWeight } = session.secure as Secure;
  const { point, ...round } = roundOf(session, head);
  const change = new Float32Array(round.length - 1);
  let at = 0;
  for (const name of Object.keys(member.sent)) {
    const [data, from] = [values[name]?.data ?? [], before[name]?.data ?? []];
    for (let i = 0; i < data.length; i++) change[at++] = (data[i] as number) - ((from[i] as number | undefined) ?? 0);
  }
  const words = weightedWords({ ...point, values: change, weight: Math.min(examples, mostWeight), mostWeight });
  try {
    const isIn = await joinSecureSum({
      transport: board.transport,
      round,
      client,
      device,
      words,
      stepMs: roundMs,
      signal,
    });
    return isIn ? { bytes: 4 * words.length, hash: await sha256(new Uint8Array(words.buffer)) } : undefined;
  } catch (error) {
    if (error instanceof LimbeckError && ['too-few-clients', 'transport-failed'].includes(error.code)) return undefined;
    throw error;
  }
}

/** What a round's clients have sent together: one part, and who is in it. */
export interface GatheredSum {
  readonly part: Part;
  readonly contributions: readonly Contribution[];
}

/** Adds up a round. Undefined if too few clients are left, or the shares of one do not fit. */
export async function gatherSecurely(
  session: Session,
  head: Head,
  isThere: (client: string) => boolean,
): Promise<GatheredSum | undefined> {
  const { board, member, roundMs, signal } = session;
  const { mostWeight } = session.secure as Secure;
  const { point, ...round } = roundOf(session, head);
  try {
    const { words, clients } = await leadSecureSum({
      transport: board.transport,
      round,
      stepMs: roundMs,
      signal,
      isThere,
    });
    const before = await session.sharedOf(head);
    const share = (words[words.length - 1] as number) / stepsPerUnit({ range: 1, clients: point.clients });
    const bytes = 4 * words.length;
    const hash = await sha256(new Uint8Array(words.buffer));
    return {
      part: {
        client: clients[0] ?? '',
        weight: share * mostWeight,
        values: added(weightedMeanOf(words, point), before, member.sent),
      },
      contributions: clients.map((client) => ({ client, examples: 0, bytes, hash })),
    };
  } catch (error) {
    if (error instanceof LimbeckError && ['too-few-clients', 'aggregation-failed'].includes(error.code))
      return undefined;
    throw error;
  }
}

function added(change: Float32Array, before: NamedArrays, shapes: Shapes): NamedArrays {
  let at = 0;
  return Object.fromEntries(
    Object.entries(shapes).map(([name, free]) => {
      const shape = free as readonly number[];
      const from = before[name]?.data ?? [];
      const data = Float32Array.from({ length: sizeOf(shape) }, (_, i) => {
        return ((from[i] as number | undefined) ?? 0) + (change[at + i] as number);
      });
      at += data.length;
      return [name, { data, shape }];
    }),
  );
}
