// VitePress's own theme, and after it the colours of the demo.
export { default } from 'vitepress/theme';

import './colours.css';
