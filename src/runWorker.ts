import './core/dispose.ts';
import { createOrtEngine } from './predict/ortEngine.ts';
import { serve } from './workers/serve.ts';
import { moved } from './workers/transfer.ts';

const engine = createOrtEngine();
serve({
  run: { ...engine, run: async (...args: Parameters<typeof engine.run>) => moved(await engine.run(...args)) },
});
