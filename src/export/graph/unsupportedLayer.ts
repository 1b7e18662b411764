import { LimbeckError } from '../../core/errors.ts';
import type { LayerDescription } from '../layerExport.ts';

export interface UnsupportedLayer {
  readonly name: string;
  readonly className: string;
  readonly why: string;
}

/** The error that names every layer that cannot be written. */
export function unsupportedLayers(layers: readonly UnsupportedLayer[]): LimbeckError {
  const listed = layers.map(({ name, className, why }) => `"${name}" (${className}): ${why}`).join('; ');
  return new LimbeckError(
    'unsupported-layer',
    `The student cannot be written as ONNX because of ${layers.length === 1 ? 'one layer' : `${layers.length} layers`}: ` +
      `${listed}. Replace ${layers.length === 1 ? 'it' : 'them'} by standard layers, or export what comes before.`,
    { details: { layers } },
  );
}

/** For `write`, if it depends on the inputs: `throw unsupportedLayer(call, 'its length is free')`. */
export function unsupportedLayer({ name, className }: LayerDescription, why: string): LimbeckError {
  return unsupportedLayers([{ name, className, why }]);
}
