import './core/dispose.ts';
import { runPart } from './predict/runSession.ts';
import { serve } from './workers/serve.ts';

serve({ run: runPart() });
