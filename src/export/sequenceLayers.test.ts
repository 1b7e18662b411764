import { checkLayerCases } from './exportCases.ts';
import { SEQUENCE_LAYER_CASES } from './sequenceLayerCases.ts';

checkLayerCases(SEQUENCE_LAYER_CASES);
