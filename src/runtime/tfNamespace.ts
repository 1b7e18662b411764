/**
 * tfjs as a type. Losses, students and optimizers take tfjs as an argument of this type, so importing them loads no
 * tfjs, and the same code runs in a worker, on a page and in a test.
 */
export type Tf = typeof import('./tf.ts');

/** A layer of tfjs. */
export type Layer = InstanceType<Tf['layers']['Layer']>;

/** What a layer of tfjs keeps a weight in. */
export type LayerVariable = ReturnType<Layer['addWeight']>;
