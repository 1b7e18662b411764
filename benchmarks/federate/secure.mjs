// Whether the masked sum equals the plain sum of the same fixed-point words, word for word.
//   exact         when all clients stay
//   withDropouts  when a third of them vanishes in the middle of the round: before their words, and after
import { isDeepStrictEqual } from 'node:util';

const RANGE = 4;
/** As many as an `mlp` with 64 hidden units has weights. */
const LENGTH = 50_890;

export async function measureSecure({ federated }, { secureClients: count }) {
  const third = Math.floor(count / 3);
  const before = Math.ceil(third / 2);
  const all = await play(federated, count, {});
  const some = await play(federated, count, { 3: before, 4: third - before });
  return { exact: all.isExact, withDropouts: some.isExact, clients: count, vanished: third, counted: some.counted };
}

/** A round in which so many further clients vanish before a step. */
async function play({ deviceKey, secureClient, secureServer, toFixedPoint }, count, vanish) {
  const devices = await Promise.all(Array.from({ length: count }, () => deviceKey()));
  const names = devices.map((_, i) => `client-${String(i).padStart(3, '0')}`);
  const roster = new Map(names.map((name, i) => [name, devices[i].publicKey]));
  const round = { session: `bench-${Object.keys(vanish).length}`, roster, length: LENGTH };
  const words = new Map(
    names.map((name, i) => {
      const values = Float32Array.from({ length: LENGTH }, (_, at) => 0.05 * Math.sin(1 + at * (i + 1)));
      return [name, toFixedPoint(values, { range: RANGE, clients: count })];
    }),
  );
  const clients = names.map((name, i) => [name, secureClient(round, name, devices[i])]);
  const server = secureServer(round);
  const each = async (step, work) => {
    clients.splice(0, vanish[step] ?? 0);
    const answers = [];
    for (const [name, client] of clients) answers.push([name, await work(client, name)]);
    return new Map(answers);
  };
  const adverts = await server.adverts([...(await each(1, (client) => client.advertise())).values()]);
  const delivered = server.shares(await each(2, (client) => client.shareSecrets(adverts)));
  const masked = await each(3, (client, name) => client.mask(words.get(name), delivered.get(name) ?? []));
  const survivors = server.masked(masked);
  const confirmations = await server.confirmations([
    ...(await each(4, (client) => client.confirm(survivors))).values(),
  ]);
  const sum = await server.unmask(await each(5, (client) => client.reveal(confirmations)));
  const plain = new Uint32Array(LENGTH);
  for (const name of survivors) for (const [at, word] of words.get(name).entries()) plain[at] += word;
  return { isExact: isDeepStrictEqual(sum.words, plain), counted: sum.clients.length };
}
