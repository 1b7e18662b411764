/** The worker behind a trainer, for a teacher that is to share its GPU. */
export interface Workplace {
  /** Whether what works there works on a GPU. */
  readonly hasGpu: boolean;
  /** There is room for one teacher. */
  isTaken: boolean;
  call<Api, T>(use: (api: Api) => Promise<T>): Promise<T>;
}

export const WORKPLACE = Symbol('workplace');

/** What has a worker that a teacher may share. */
export interface HasWorkplace {
  readonly [WORKPLACE]?: Workplace;
}

export const NEAR = Symbol('near');

/** What lives in somebody else's workplace, for as long as it does. */
export interface LivesNear {
  readonly [NEAR]?: Workplace;
}
