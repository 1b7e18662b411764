import { checkLayerCases } from './exportCases.ts';
import { WRAPPED_LAYER_CASES } from './wrappedLayerCases.ts';

checkLayerCases(WRAPPED_LAYER_CASES);
