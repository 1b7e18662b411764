import type { FederateEvent } from 'limbeck/federate';
import type { PlainError } from '../frame/plainError.ts';

export const STRATEGIES = [
  { name: 'fedAvg', title: 'FedAvg', about: 'The mean of all weights.' },
  { name: 'fedProx', title: 'FedProx', about: 'The same, and nobody may go far from it.' },
  { name: 'fedYogi', title: 'FedYogi', about: 'The mean is the gradient of a further step.' },
  { name: 'fedDf', title: 'FedDF', about: 'The mean then learns what all say of digits without labels.' },
  { name: 'fedMd', title: 'FedMD', about: 'No weights travel, only answers for digits without labels.' },
] as const;

export type StrategyName = (typeof STRATEGIES)[number]['name'];

/** What all who take part agree on; whoever begins decides. */
export interface Agreement {
  readonly strategy: StrategyName;
  readonly rounds: number;
}

/** Where a NATS server is, and who comes: a person's words, or a file of `limbeck federate nats`. */
export interface NatsPlace {
  readonly servers: string | readonly string[];
  readonly federation: string;
  readonly user?: string;
  readonly seed?: string;
  readonly password?: string;
  readonly token?: string;
  readonly domain?: string;
  /** Whether the server lets this user write its own updates only. */
  readonly device?: boolean;
}

/** What the page asks its worker for. */
export interface Joining extends Agreement {
  /** The page's folder, as an address: a worker has another one. */
  readonly base: string;
  readonly client: string;
  /** The first round waits for so many, where this client is the one that begins. */
  readonly clientsToBegin: number;
  /** A NATS server, or the store that the tabs of this browser share. */
  readonly place: NatsPlace | { readonly store: string };
  readonly share: Share;
}

/** The examples of a tab. */
export interface Share {
  readonly digits: readonly number[];
  readonly examples: number;
  /** Tabs of other lots have other examples of the same digits. */
  readonly lot: number;
}

/** What the worker tells. After 'over' and 'failed' it has ended. */
export type Told =
  | ({ readonly type: 'agreed' } & Agreement)
  | { readonly type: 'event'; readonly event: FederateEvent }
  | { readonly type: 'over'; readonly hasLeft: boolean; readonly sentBytes: number; readonly receivedBytes: number }
  | { readonly type: 'failed'; readonly error: PlainError };
