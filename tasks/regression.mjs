// A small model for a number: a random forest knows how far cars go on a gallon; what an mlp explains that learned from its
// answers, and the same mlp that learned from the few cars that its user has measured, and whether the student's intervals hold
// what they promise.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

export const task = 'regression';

const require = createRequire(import.meta.url);
/** Its exports name no single file. */
const FOLDER = require.resolve('vega-datasets').replace(/(vega-datasets)[\\/].*$/, '$1');

/** Nine numbers of each car of which all is known, and its miles per gallon. */
async function cars() {
  const all = JSON.parse(await readFile(join(FOLDER, 'data/cars.json'), 'utf8'));
  const rows = all.filter((car) => car.Miles_per_Gallon !== null && car.Horsepower !== null);
  return {
    features: rows.map((car) => [
      car.Cylinders,
      car.Displacement,
      car.Horsepower,
      car.Weight_in_lbs,
      car.Acceleration,
      Number(car.Year.slice(0, 4)),
      ...['USA', 'Europe', 'Japan'].map((origin) => Number(car.Origin === origin)),
    ]),
    values: rows.map((car) => car.Miles_per_Gallon),
  };
}

export async function files() {
  return { 'data/cars.json': JSON.stringify(await cars()) };
}
