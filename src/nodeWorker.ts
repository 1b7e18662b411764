// The worker of Node, Bun and Deno: a thread that has all parts.
import './core/dispose.ts';
import { workerParts } from './exposeWorker.ts';
import { runPart } from './predict/runSession.ts';
import { serve } from './workers/serve.ts';

serve({ ...workerParts(), run: runPart() });
