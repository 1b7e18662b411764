/** A trainer's worker, which a teacher may share to work on the student's GPU: a colocated teacher. */
export interface Colocation {
  /** Whether the trainer works on a GPU. */
  readonly hasGpu: boolean;
  /** There is room for one teacher. */
  isTaken: boolean;
  call<Api, T>(use: (api: Api) => Promise<T>): Promise<T>;
}

export const COLOCATION = Symbol('colocation');

/** A trainer whose worker can be shared, or a teacher while it shares one. */
export interface Colocated {
  readonly [COLOCATION]?: Colocation;
}
