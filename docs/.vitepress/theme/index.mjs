// VitePress's own theme in the colours of the demo.
import './colours.css';

export { default } from 'vitepress/theme';
