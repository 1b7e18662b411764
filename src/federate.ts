// Many devices, one student: import { federate } from 'limbeck/federate'. It needs 'limbeck' beside it, with which it shares its files.
export * from './federate/public.ts';
