// For code that only describes students.

export * from './student/designs.ts';
