// The worker of all pages: one file for the build to take apart, once, and for a browser to fetch. The first message names the part
// that it plays; the part hears all others as if it had been there from the start.
const PARTS = {
  member: () => import('../federate/member.ts'),
  task: () => import('../tasks/taskWorker.ts'),
  table: () => import('../distil/tableReader.ts'),
  describe: () => import('../distil/describeModel.ts'),
  inspect: () => import('../inspect/reader.ts'),
};

export type Part = keyof typeof PARTS;

const early: MessageEvent[] = [];
let isThere = false;

addEventListener('message', (event) => {
  if (isThere) return;
  event.stopImmediatePropagation();
  early.push(event);
  if (early.length === 1) void begin(event.data);
});

async function begin(part: Part): Promise<void> {
  try {
    await PARTS[part]();
  } catch (error) {
    // A rejection stays in here; whoever started this worker hears of an error.
    reportError(error);
    return;
  }
  isThere = true;
  for (const { data, ports } of early.slice(1)) dispatchEvent(new MessageEvent('message', { data, ports: [...ports] }));
}
