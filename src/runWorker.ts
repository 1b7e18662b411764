import './core/dispose.ts';
import { createRunSession } from './predict/runSession.ts';
import { serve } from './workers/serve.ts';
import { moved } from './workers/transfer.ts';

const session = createRunSession();
serve({
  run: { ...session, run: async (...args: Parameters<typeof session.run>) => moved(await session.run(...args)) },
});
