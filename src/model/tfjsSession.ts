import type { NamedArrays } from '../core/shape.ts';
import { timePasses } from '../core/timing.ts';
import * as tf from '../runtime/tf.ts';
import { fitInputs } from './fitInputs.ts';
import { holdModel } from './holdModel.ts';
import { describeModel, type Model, type ModelRole, type ModelValue, type OpenedModel } from './model.ts';
import type { PortableTfjsModel } from './portableModel.ts';
import { openTfjsModel } from './tfjsModel.ts';

/** Plain values: they cross threads. */
export interface TfjsSessionOptions {
  readonly name: string;
  /** What errors call it. A student's faults are 'student-invalid'. @default 'teacher' */
  readonly what?: ModelRole;
  readonly threads?: number;
  readonly assetBase?: string;
}

export interface OpenedTfjs extends OpenedModel {
  /** The name of tfjs's backend. */
  readonly backend: string;
}

/** A tfjs model that is only asked, on the thread where this is called. One run at a time; calls wait for their turn. */
export interface TfjsSession<O extends TfjsSessionOptions = TfjsSessionOptions> {
  open(model: PortableTfjsModel, options: O): Promise<OpenedTfjs>;
  run(inputs: NamedArrays): Promise<NamedArrays>;
  timeMs(inputs: NamedArrays, repeats: number): Promise<number[]>;
  close(): Promise<void>;
}

/** Given arrays as the model's inputs, by their names. */
export type TfjsFeed<O> = (given: NamedArrays, inputs: readonly ModelValue[], options: O) => NamedArrays;

const WARM_UPS = 3;

interface Opened<O> {
  readonly model: Model;
  readonly options: O;
  dispose(): Promise<void>;
}

/** `feed` brings arrays into another form than they are given in. */
export function createTfjsSession<O extends TfjsSessionOptions = TfjsSessionOptions>(
  feed: TfjsFeed<O> = (given) => given,
): TfjsSession<O> {
  let what: ModelRole = 'teacher';
  const held = holdModel<Opened<O>>(() => what);
  const run = ({ model, options }: Opened<O>, given: NamedArrays) =>
    model.run(fitInputs(feed(given, model.inputs, options), model.inputs, what));
  return {
    async open(portable, options) {
      what = options.what ?? 'teacher';
      const { model } = await held.open(async () => {
        const opened = await openTfjsModel(portable, { ...options, what });
        return { model: opened, options, dispose: opened.dispose };
      });
      return { ...describeModel(model), backend: tf.getBackend() };
    },
    run: (inputs) => held.use((opened) => run(opened, inputs)),
    timeMs: (inputs, repeats) => held.use((opened) => timePasses(() => run(opened, inputs), repeats, WARM_UPS)),
    close: held.close,
  };
}
