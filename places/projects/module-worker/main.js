// The page has its own worker, and limbeck is used in there only.
import { report } from './check.js';

const worker = new Worker(new URL('./own-worker.js', import.meta.url), { type: 'module' });
report(
  new Promise((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data }) => {
      if (data.result) resolve(data.result);
      else reject(Object.assign(new Error(data.error.message), data.error));
    };
  }),
);
