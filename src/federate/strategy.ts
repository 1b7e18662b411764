import type { NamedArrays, Shapes } from '../core/shape.ts';
import type { Dataset, LabelledDataset } from '../data/dataset.ts';
import type { Loss } from '../losses/loss.ts';
import type { StudentArtifacts } from '../student/student.ts';
import type { EngineEvent } from '../train/job.ts';
import type { OptimizerOptions } from '../train/optimizerOptions.ts';
import type { Trainer } from '../train/trainer.ts';
import type { Combine, Combined, Part } from './combine.ts';
import type { UpdateKind } from './update.ts';

/** How a federation learns: what a client does in a round, what it sends, and how updates become one. A file of `strategies/` each. */
export interface Strategy {
  readonly name: string;
  /** Plain values: all clients of a federation have the same. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly kind: UpdateKind;
  /** Whether it needs examples that all clients have. Default false. */
  readonly readsPublicData?: boolean;
  /** Whether it can combine updates in another way than by their mean. Default false. */
  readonly takesCombine?: boolean;
  /** Whether clients end with different students. Default false. */
  readonly isPersonal?: boolean;
  /** Throws    invalid-option · student-invalid */
  open(device: Device): Promise<Member>;
}

/** One client, as a strategy sees it. */
export interface Device {
  /** Its student as it was given, with weights from the federation's seed if it had none. */
  readonly artifacts: StudentArtifacts;
  readonly data: LabelledDataset;
  /** Given if the strategy reads it. */
  readonly publicData: Dataset | undefined;
  readonly trainer: Pick<Trainer, 'train' | 'predict'>;
  readonly loss: Loss;
  readonly epochs: number;
  readonly batchSize: number;
  readonly optimizer: OptimizerOptions;
  /** Own answers of the shared model that a step keeps, against forgetting. */
  readonly keep: { readonly weight: number; readonly temperature: number } | undefined;
  readonly emit: (event: EngineEvent) => void;
}

/** Where a step or an aggregation stands. */
export interface Place {
  readonly round: number;
  /** Of this client and round, or of the round. */
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** A strategy at work on one device. */
export interface Member {
  /** Names and shapes of what a round begins with, and of what a client sends. */
  readonly shared: Shapes;
  readonly sent: Shapes;
  /** What else all clients must agree on, such as a frozen base. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** What the first round begins with. */
  first(): NamedArrays | Promise<NamedArrays>;
  /** Takes what a round begins with, or the last one gave, into this device's student. */
  adopt(shared: NamedArrays, place: Place): Promise<void>;
  /** The client's step: learns from its own examples, from the round's beginning, and gives what it sends. */
  step(shared: NamedArrays, place: Place): Promise<NamedArrays>;
  /** Whether it asks nothing of parts but what `combine` makes of them, so that a mean of some may stand for them. Default false. */
  readonly takesMeans?: boolean;
  /** The next round's beginning. The same parts give the same bits on every client. */
  aggregate(gathered: Gathered, place: Place): Promise<Combined>;
  /** This device's student as it is now. */
  artifacts(): StudentArtifacts;
}

/** A round's updates, in the order of their clients' names. */
export interface Gathered {
  readonly parts: readonly Part[];
  readonly before: NamedArrays;
  readonly combine: Combine;
}
