import { dtypeOf, type NamedArrays } from '../../core/shape.ts';
import type { ModelValue } from '../../model/model.ts';
import type { TfjsSessionOptions } from '../../model/tfjsSession.ts';
import type { ModelInput } from '../input/modelInput.ts';
import { toFeeds } from '../session/sessionFeeds.ts';

/** How a tfjs model in a worker of limbeck's is opened and fed. */
export interface TfjsFeedOptions extends TfjsSessionOptions {
  readonly input?: ModelInput | Readonly<Record<string, ModelInput>>;
}

/** The data's arrays as a tfjs model's inputs. Bytes that an "input" made are what the model is to see; others it reads itself. */
export function tfjsFeeds(given: NamedArrays, inputs: readonly ModelValue[], options: TfjsFeedOptions): NamedArrays {
  const feeds = toFeeds(given, inputs, options, options.what);
  if (options.input === undefined) return feeds;
  return Object.fromEntries(
    Object.entries(feeds).map(([name, { data, shape }]) => [
      name,
      { data: dtypeOf(data) === 'uint8' ? Float32Array.from(data) : data, shape },
    ]),
  );
}
