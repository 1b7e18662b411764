import { frameworkRow } from '../frameworks.mjs';

export default frameworkRow('web-component', 'Web component');
