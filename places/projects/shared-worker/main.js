// A page that has nothing of limbeck but a port to the worker that all pages share.
const { port } = new SharedWorker(new URL('./model.js', import.meta.url), { type: 'module', name: 'model' });
const answers = new Map();
let asked = 0;

port.onmessage = ({ data: { id, result, error } }) => {
  const { resolve, reject } = answers.get(id);
  answers.delete(id);
  if (error) reject(Object.assign(new Error(error.message), error));
  else resolve(result);
};

globalThis.ask = (x) =>
  new Promise((resolve, reject) => {
    answers.set(asked, { resolve, reject });
    port.postMessage({ id: asked++, x });
  });
