import { checkLayerCases } from './exportCases.ts';
import { SHAPE_LAYER_CASES } from './shapeLayerCases.ts';

checkLayerCases(SHAPE_LAYER_CASES);
