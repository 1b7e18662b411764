// What grows with the number of clients.
//   scale     one round of ever more clients with two examples each and a student of few weights, over a loopback. `aggregateMs` is
//             what whoever aggregates takes to read, check and average all updates; `bytes` are those of the updates; `headBytes`
//             are those of the entry that all clients read, `recordBytes` those of who contributed, which here the first alone reads.
//   carrier   what a cluster of three NATS servers on this machine does in a second, everything kept three times: entries written
//             and read, and bytes of objects written and read.
import { natsServers } from '../../scripts/natsServers.mjs';

const BURST = 64;
const ENTRIES = 2000;
const OBJECTS = 200;

export async function measureScale({ federated, training, datasetOf, student, held }, trainer, counts) {
  const rows = [];
  const holdout = datasetOf(held.slice(0, 100));
  for (const count of counts) {
    const data = datasetOf(Array.from({ length: 2 * count }, (_, i) => training[i % training.length]));
    const federation = federated.loopback();
    let [headBytes, recordBytes] = [0, 0];
    const transport = () => {
      const end = federation.open();
      const put = (key, bytes, revision) => {
        if (key === 'head') headBytes = Math.max(headBytes, bytes.length);
        return end.put(key, bytes, revision);
      };
      const putObject = (key, bytes) => {
        if (key.startsWith('rounds/')) recordBytes = Math.max(recordBytes, bytes.length);
        return end.putObject(key, bytes);
      };
      return { ...end, put, putObject };
    };
    const run = federated.simulate({
      ...{ data, holdout, clients: count, alpha: 1, rounds: 1, records: false },
      ...{ trainers: [trainer], transport, student: student([4]) },
    });
    const { rounds } = await run.done;
    const { aggregateMs, updateBytes, clients } = rounds[0];
    rows.push({ clients: count, aggregateMs, bytes: Math.round(updateBytes * clients), headBytes, recordBytes });
    console.log(`${count} clients: ${Math.round(aggregateMs)} ms`);
  }
  return rows;
}

export async function measureCarrier({ openNats }, { objectBytes }) {
  const cluster = await (await natsServers()).natsCluster();
  const ends = [];
  try {
    const open = async () => {
      const end = await openNats({ servers: cluster.addresses, federation: 'carrier', replicas: 3 });
      ends.push(end);
      return end;
    };
    const writer = await open();
    const reader = await open();
    const value = new Uint8Array(120).fill(1);
    const object = new Uint8Array(objectBytes).map((_, i) => i);
    const key = (i) => `clients/client-${i}`;
    const name = (i) => `updates/1/client-${i}/x`;
    return {
      replicas: 3,
      objectBytes,
      entriesWrittenPerSecond: await perSecond(ENTRIES, (i) => writer.put(key(i), value, 0)),
      entriesReadPerSecond: await perSecond(ENTRIES, (i) => reader.get(key(i))),
      bytesWrittenPerSecond: objectBytes * (await perSecond(OBJECTS, (i) => writer.putObject(name(i), object))),
      bytesReadPerSecond: objectBytes * (await perSecond(OBJECTS, (i) => reader.getObject(name(i), objectBytes))),
    };
  } finally {
    for (const end of ends) await end[Symbol.asyncDispose]();
    await cluster.remove();
  }
}

/**
 * How often work is done in a second, so many at a time; the first of them warm it up. What a server carries under load is no pass that
 * takes turns with others.
 */
async function perSecond(count, work) {
  let next = 0;
  const startedAt = performance.now();
  const go = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: BURST }, go));
  return Math.round((1000 * count) / (performance.now() - startedAt));
}
