// A small model for a number: a random forest knows how far cars go on a gallon; what an mlp explains that learned from its answers,
// and the same mlp that learned from the cars alone, and whether the student's intervals hold what they promise. Beside it, said
// and not in the row, how long flights are.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

export const task = 'regression';

const require = createRequire(import.meta.url);
/** Its exports name no single file. */
const FOLDER = require.resolve('vega-datasets').replace(/(vega-datasets)[\\/].*$/, '$1');
const dataOf = async (name) => readFile(join(FOLDER, 'data', name), 'utf8');

/** Nine numbers of each car of which all is known, and its miles per gallon. */
async function cars() {
  const all = JSON.parse(await dataOf('cars.json'));
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

/** Where a flight starts and ends, and how many miles it is long. */
async function flights() {
  const [head, ...lines] = (await dataOf('airports.csv')).trim().split('\n');
  const columns = head.split(',');
  const places = new Map(
    lines.map((line) => {
      const fields = line.match(/("[^"]*"|[^,]*)(,|$)/g).map((field) => field.replace(/,$/, ''));
      const of = (name) => fields[columns.indexOf(name)];
      return [of('iata'), [Number(of('latitude')), Number(of('longitude'))]];
    }),
  );
  const all = JSON.parse(await dataOf('flights-2k.json'));
  const rows = all.filter(({ origin, destination }) => places.has(origin) && places.has(destination)).slice(0, 1200);
  return {
    features: rows.map(({ origin, destination }) => [...places.get(origin), ...places.get(destination)]),
    values: rows.map(({ distance }) => distance),
  };
}

export async function run({ openPage, say, signal, ...settings }) {
  const tables = { cars: await cars(), flights: await flights() };
  const page = await openPage('tasks/pages/regression.ts', {
    '/tables.json': { type: 'application/json', body: JSON.stringify(tables) },
  });
  signal?.throwIfAborted();
  await page.exposeFunction('say', say);
  const row = await page.evaluate((given) => globalThis.task.run(given), settings);
  await page.close();
  return { task, ...row };
}
