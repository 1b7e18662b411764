import type { OpenPart } from '../part.ts';

/** The steps themselves compute again; see `../../recomputed.ts`. */
export const openRecompute: OpenPart = ({ job }) => (job.recompute ? { recompute: true } : undefined);
