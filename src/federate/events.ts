import type { EngineEvent } from '../train/job.ts';
import type { RoundRecord } from './records.ts';
import type { RejectReason } from './update.ts';

/** What a client reports while a federation goes on; rounds count from 1. */
export type FederateEvent =
  | (EngineEvent & { readonly round: number })
  | {
      /** This client is known to the federation, which is in this round; 0: it has not begun. */
      readonly type: 'joined';
      readonly client: string;
      readonly round: number;
    }
  | {
      readonly type: 'round';
      readonly round: number;
      readonly rounds: number;
      /** How many clients take part, and whether this one does. */
      readonly clients: number;
      readonly takesPart: boolean;
    }
  | {
      /** This client's update is with the federation. */
      readonly type: 'sent';
      readonly round: number;
      readonly bytes: number;
      readonly examples: number;
      /** SHA-256 of its bytes: who repeats the step gets the same. */
      readonly hash: string;
    }
  | {
      /** The round ended without this client's update, whose work was stopped. */
      readonly type: 'late';
      readonly round: number;
    }
  | {
      /** This client aggregates now. */
      readonly type: 'leading';
      readonly round: number;
    }
  | {
      /** Whoever aggregates waits for clients. */
      readonly type: 'waiting';
      readonly round: number;
      readonly present: number;
      readonly needed: number;
    }
  | {
      /** Whoever aggregates has left out an update. */
      readonly type: 'rejected';
      readonly round: number;
      readonly client: string;
      readonly why: RejectReason;
      readonly message: string;
    }
  | {
      /** This client has aggregated a round: so many updates of so many bytes, in so many milliseconds. */
      readonly type: 'closed';
      readonly round: number;
      readonly updates: number;
      readonly bytes: number;
      readonly ms: number;
    }
  | ({
      /** A round is over: who contributed, who was left out, who is missing. */
      readonly type: 'aggregated';
    } & RoundRecord)
  | {
      /** The shared model after a round, or with fedMd this client's own, on this client's holdout. */
      readonly type: 'evaluated';
      readonly round: number;
      readonly accuracy: number;
    };
