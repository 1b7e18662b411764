import { frameworkRow } from '../frameworks.mjs';

export default frameworkRow('vue', 'Vue', async () => [(await import('@vitejs/plugin-vue')).default()]);
