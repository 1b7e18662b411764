import { frameworkRow } from '../frameworks.mjs';

export default frameworkRow('react', 'React');
