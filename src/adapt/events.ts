import type { EpochEvent, NoticeEvent, StepEvent } from '../train/events.ts';
import type { BatchNormEvent } from '../train/parts/batchNorm/estimateBatchNorm.ts';

/** What a run of `personalize` tells while it works. */
export type PersonalizeEvent = PersonalizePhase | StepEvent | EpochEvent | NoticeEvent | BatchNormEvent;

/** Which part begins: looking at the examples, asking the base about them, learning, or measuring what was learned. */
export interface PersonalizePhase {
  readonly type: 'phase';
  readonly phase: 'check' | 'features' | 'learn' | 'measure' | 'done';
}
