import { exposeWorker } from './exposeWorker.ts';

exposeWorker();
