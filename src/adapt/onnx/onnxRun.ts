import { augmented } from '../../data/augmented.ts';
import type { LoadTeacherOptions } from '../../teacher/onnxOptions.ts';
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

/** A written file, or the model as it was given, and figures for the report. */
export interface Adapted
  extends Pick<LearnedPatch, 'figures' | 'learnMs'>,
    Pick<PersonalizeOnnxReport, 'keepsClasses' | 'classes' | 'features' | 'weights' | 'differenceFraction'> {
  readonly onnx: Uint8Array<ArrayBuffer>;
  /** Until all answers of the model were there. */
  readonly featuresMs: number;
  readonly device: TeacherDevice;
}

/** How all sessions are opened: backbone, model and written file. */
export function sessionOf(options: OnnxSettings, signal: AbortSignal): LoadTeacherOptions {
  const { name, input, device, threads, batchSize, session, worker, assetBase } = options;
  return {
    ...{ name, signal },
    ...(input && { input }),
    ...(device && { device }),
    ...(threads !== undefined && { threads }),
    ...(batchSize !== undefined && { batchSize }),
    ...(session && { session }),
    ...(worker && { worker }),
    ...(assetBase !== undefined && { assetBase }),
  };
}

/** Varied copies of the examples, where they are asked for. */
export function copiesOf({ data, augment, copies = 4, seed }: OnnxSettings) {
  return augment && augmented(data, augment, { copies, seed });
}
