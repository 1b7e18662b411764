import { LimbeckError, messageOf } from '../../core/errors.ts';
import { isTagged } from '../../core/tags.ts';
import { transportFailed } from '../transport.ts';

// Errors are told by their names: in Node there may be two copies of NATS's classes, the package's and limbeck's.

/** What a server refused to a user. */
interface Violation {
  readonly operation?: string;
  readonly subject?: string;
}

/** JetStream's own numbers: https://github.com/nats-io/nats-server/blob/v2.10.27/server/errors.json. */
const WRONG_SEQUENCE: readonly unknown[] = [10071, 10164];
const STREAM_MISSING = 10059;
const STREAM_EXISTS = 10058;
/** A cluster that has not yet heard from as many of its servers as are to keep a copy. */
const NO_PEERS = 10005;

/** Errors of a server or a connection that may be gone in a moment. */
const PASSING = ['TimeoutError', 'NoRespondersError', 'RequestError', 'JetStreamNotEnabled', 'ConnectionError'];

const nameOf = (error: unknown) => (isTagged(error, 'Error') ? error.name : '');
const codeOf = (error: unknown) => (error as { readonly code?: unknown } | null)?.code;

/** The error itself, or the one that caused it, if the server forbade something. */
function violationOf(error: unknown): (Error & Violation) | undefined {
  for (let one = error; isTagged(one, 'Error'); one = one.cause) {
    if (one.name === 'PermissionViolationError') return one as Error & Violation;
  }
  return undefined;
}

export const isWrongSequence = (error: unknown) => WRONG_SEQUENCE.includes(codeOf(error));
export const isStreamMissing = (error: unknown) => codeOf(error) === STREAM_MISSING;
export const isStreamThere = (error: unknown) => codeOf(error) === STREAM_EXISTS;

/** Whether the same request may succeed later: the connection is lost, or the servers find each other or elect a leader. */
export function isPassing(error: unknown): boolean {
  if (nameOf(error) === 'JetStreamApiError') {
    return codeOf(error) === NO_PEERS || (error as { readonly status?: unknown }).status === 503;
  }
  if (nameOf(error) === 'JetStreamStatusError') return [408, 503].includes(Number(codeOf(error)));
  return violationOf(error) === undefined && PASSING.includes(nameOf(error));
}

/** What failed, in limbeck's words. */
export function natsError(error: unknown): unknown {
  const violation = violationOf(error);
  if (violation !== undefined) {
    const { operation = 'use', subject = '' } = violation;
    return new LimbeckError(
      'permission-denied',
      `The NATS server does not let this user ${operation === 'subscription' ? 'listen to' : 'write to'} "${subject}". ` +
        'Devices write their own updates only; who aggregates needs the credentials of an aggregator (limbeck federate nats).',
      { details: { operation, subject }, cause: error },
    );
  }
  if (error instanceof LimbeckError) return error;
  return transportFailed('nats', messageOf(error), error);
}

/** Whether a server gave up waiting until this device had said who it is: no word about its credentials. */
export const isLate = (error: unknown) => nameOf(error) === 'AuthorizationError' && /timeout/i.test(messageOf(error));

/** The error of a connection that was never made. */
export function unreachable(servers: string | readonly string[], error: unknown): LimbeckError {
  const shown = [servers].flat().map(withoutSecrets).join(', ');
  const isRefused = ['AuthorizationError', 'UserAuthenticationExpiredError'].includes(nameOf(error)) && !isLate(error);
  const why = isRefused
    ? 'the server refused the credentials; give those that "limbeck federate nats" wrote for this device'
    : isLate(error)
      ? 'this device took too long to sign its name, so the server gave up; try again when it is less busy'
      : `${messageOf(error) || 'no answer'}. Pages need a websocket address (wss://…, or ws://… on localhost), Node nats:// or tls://`;
  return new LimbeckError('nats-unreachable', `No NATS server answers at ${shown}: ${why}.`, {
    details: { servers: shown, refused: isRefused },
    cause: error,
  });
}

/** An address without the user and password that it may hold. */
function withoutSecrets(address: string): string {
  return address.replace(/\/\/[^/@]*@/, '//');
}
