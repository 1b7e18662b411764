// Many devices, one student: import { federate } from 'limbeck/federate', beside 'limbeck', with which it shares its files.
import './core/dispose.ts';

export * from './federate/public.ts';
