// Strategies on digits whose classes differ from client to client, beside the best client that learned alone and one student that
// learned all digits, each for as many steps.
//   accuracy                mean over the seeds, after the last round; for strategies whose clients have students of their own,
//                           the mean of all clients
//   bestAlone               of the clients that learned alone, the best one's
//   centralAccuracy         of one student on all clients' digits
//   bytesPerClientPerRound  all entries and objects that a client gives to the transport or gets from it
//   updateBytes             of these, an update
//   curves                  accuracy after each round, for each seed
// What all are compared with is measured beside fedAvg. Where `--only` leaves that out, it comes from the file, from rows measured alike.
import { mean } from './digits.mjs';

const PUBLIC = 1000;
const HIDDEN = [64];
const COMPARED = 'fedAvg';
/**
 * How clients learn: long and with large steps, as in Lin et al. 2020, arXiv:2006.07242, where an average of weights suffers and their
 * ensemble knows more than it. With short rounds of adam fedDf's student stays below fedAvg's.
 */
const OPTIMIZER = { name: 'sgd', learningRate: 0.1 };

/** Settings were chosen with --development. */
const made = ({ fedAdam, fedAvg, fedDf, fedMd, fedProx, fedYogi, sharedPatch }) => [
  fedAvg(),
  fedProx({ mu: 0.01 }),
  fedAdam(),
  fedYogi(),
  fedDf({ epochs: 20 }),
  fedMd(),
  sharedPatch({ rank: 8, sharedRank: 32 }),
];

export async function measureStrategies(digits, trainer, settings, save, rowsAlike) {
  const { seeds, clients, rounds, alpha, examples, epochs, only } = settings;
  const { limbeck, federated, training, datasetOf, student, held } = digits;
  const data = datasetOf(training.slice(0, examples));
  const publicData = limbeck.withoutLabels(datasetOf(training.slice(examples, examples + PUBLIC)));
  const holdout = datasetOf(held);
  const compared = new Map();
  const rows = [];
  const chosen = made(federated).filter(({ name }) => only === undefined || only.includes(name));
  const isCompared = chosen.some(({ name }) => name === COMPARED);
  for (const strategy of chosen) {
    const reports = [];
    for (let seed = 1; seed <= seeds; seed++) {
      const run = federated.simulate({
        ...{ data, publicData, holdout, clients, alpha, rounds, strategy, seed, epochs, batchSize: 32 },
        optimizer: OPTIMIZER,
        student: student(HIDDEN),
        trainers: [trainer],
        // The same for every strategy.
        compare: isCompared && !compared.has(seed),
      });
      const report = await run.done;
      if (isCompared && !compared.has(seed)) compared.set(seed, report);
      reports.push(report);
      const { bestAlone = Number.NaN, centralAccuracy = Number.NaN } = compared.get(seed) ?? {};
      const beside = `best alone ${(100 * bestAlone).toFixed(1)} %, central ${(100 * centralAccuracy).toFixed(1)} %`;
      console.log(`${strategy.name}, seed ${seed}: ${(100 * report.accuracy).toFixed(1)} %; ${beside}`);
    }
    const all = isCompared ? [...compared.values()] : (await rowsAlike()).filter(({ name }) => name === COMPARED);
    if (all.length === 0) throw new Error(`Measure ${COMPARED} first: the others are compared with what it was.`);
    rows.push({
      name: strategy.name,
      accuracy: mean(reports.map(({ accuracy }) => accuracy)),
      bestAlone: mean(all.map(({ bestAlone }) => bestAlone)),
      centralAccuracy: mean(all.map(({ centralAccuracy }) => centralAccuracy)),
      bytesPerClientPerRound: Math.round(mean(reports.map((report) => report.bytesPerClientPerRound))),
      updateBytes: Math.round(mean(reports.map((report) => mean(report.rounds.map((one) => one.updateBytes))))),
      curves: reports.map((report) => report.rounds.map(({ accuracy }) => accuracy)),
    });
    await save(rows);
  }
}
