// Before each file of unit tests that has its modules for itself.
import { seedChance } from './seedChance.ts';

seedChance();
