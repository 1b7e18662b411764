// How models are refused, for tests.
import { expect } from 'vitest';
import { LimbeckError } from '../../core/errors.ts';
import { checkModel } from '../check/check.ts';
import { type OnnxModel, readModel, writeModel } from '../model.ts';

/** A model as it comes from its file. */
export function reread(model: OnnxModel): OnnxModel {
  return readModel(writeModel(model));
}

/** The error with which a model is refused. */
export function refusalOf(model: OnnxModel, externalFiles: readonly string[] = []): LimbeckError {
  try {
    checkModel(reread(model), { name: 'm.onnx', externalFiles });
  } catch (error) {
    expect(error).toBeInstanceOf(LimbeckError);
    return error as LimbeckError;
  }
  return expect.unreachable('it was accepted');
}
