/** A file as text, as vite imports it. */
declare module '*?raw' {
  const text: string;
  // biome-ignore lint/style/noDefaultExport: vite exports it so.
  export default text;
}
declare module '*.css';
