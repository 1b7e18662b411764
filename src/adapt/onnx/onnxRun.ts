import type { TeacherDevice } from '../../teacher/teacher.ts';
import type { Trainer } from '../../train/trainer.ts';
import type { LearnedPatch } from '../learnPatch.ts';
import type { OnnxSettings } from './personalizeOnnxOptions.ts';
import type { PersonalizeOnnxEvent, PersonalizeOnnxReport } from './personalizeOnnxReport.ts';

/** A model, and the run that adapts it. */
export interface OnnxRun<Where = Pick<Trainer, 'train'>> {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly options: OnnxSettings;
  readonly trainer: Where;
  readonly emit: (event: PersonalizeOnnxEvent) => void;
  readonly signal: AbortSignal;
}

/** A written file, or the model as it was given, and what is reported of it. */
export interface Adapted
  extends Pick<LearnedPatch, 'figures' | 'learnMs'>,
    Pick<PersonalizeOnnxReport, 'keepsClasses' | 'classes' | 'features' | 'weights' | 'differenceFraction'> {
  readonly onnx: Uint8Array<ArrayBuffer>;
  /** Until all answers of the model were there. */
  readonly featuresMs: number;
  readonly device: TeacherDevice;
}
