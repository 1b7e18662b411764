// The page, the command and the reports say the same of a row.
export { backendName, isWrong, keyOf, placeName } from '../../src/bench/report/rowNames.ts';
